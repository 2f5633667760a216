"""The index stage: a split's rows validated, its images written once, its samples table."""

from __future__ import annotations

import hashlib
from pathlib import Path

from speceyes.benchmarks.base import BenchmarkError, ImageFacts, RawRow, Reader, check_image, validated_rows
from speceyes.border import border
from speceyes.records.samples import Sample, write_samples
from speceyes.records.selection import some_questions
from speceyes.runtime.atomic import whole
from speceyes.runtime.progress import Progress

LIMIT_SEED = 0


def build_index(
    reader: Reader,
    benchmark: str,
    split: str,
    samples_path: Path,
    images_dir: Path,
    *,
    expected_rows: int | None = None,
    limit: int | None = None,
) -> None:
    """Validate every row of a split and write its samples and images.

    Args:
        reader: reads the benchmark.
        benchmark: its name, with which every sample's id begins.
        split: one of its splits.
        samples_path: the samples table to write.
        images_dir: receives each distinct image's original bytes, named by their hash.
        expected_rows: the official number of rows, if known.
        limit: the most samples to keep; every row is validated all the same.

    Raises:
        BenchmarkError: at the first unusable row, or when the count differs.
    """
    images_dir.mkdir(parents=True, exist_ok=True)
    known: dict[bytes, ImageFacts] = {}
    samples: list[Sample] = []
    with Progress(f"index {benchmark}/{split}", expected_rows) as progress:
        for number, row in enumerate(validated_rows(reader, benchmark, split)):
            image = _store(row.image, row.where, images_dir, known)
            with border(row.where, BenchmarkError):
                samples.append(_sample(benchmark, split, number, row, image))
            progress.advance()
    if expected_rows is not None and len(samples) != expected_rows:
        raise BenchmarkError(f"{benchmark}/{split}: {len(samples)} rows, expected {expected_rows}; download it again")
    if limit is not None:
        samples = some_questions(samples, limit, LIMIT_SEED)
        for picture in set(images_dir.iterdir()) - {images_dir / sample.image for sample in samples}:
            picture.unlink()
    write_samples(samples_path, samples)


def _sample(benchmark: str, split: str, number: int, row: RawRow, image: ImageFacts) -> Sample:
    return Sample(
        sample_id=f"{benchmark}/{split}/{number:04d}",
        benchmark=benchmark,
        split=split,
        question=row.question,
        options=row.options,
        gold=row.gold,
        gold_letter=row.gold_letter,
        category=row.category,
        image=f"{image.image_id[:32]}.{image.extension}",
        image_id=row.image_id or image.image_id,
        width=image.width,
        height=image.height,
    )


def _store(content: bytes, where: str, images_dir: Path, known: dict[bytes, ImageFacts]) -> ImageFacts:
    """Check and write an image unless the same bytes came before (many rows share one)."""
    digest = hashlib.sha256(content).digest()
    if digest not in known:
        known[digest] = check_image(content, where)
        facts = known[digest]
        with whole(images_dir / f"{facts.image_id[:32]}.{facts.extension}") as part:
            part.write_bytes(content)
    return known[digest]
