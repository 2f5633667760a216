"""V*: a folder per split with NAME.jpg and NAME.json; the first option is always the right one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from speceyes.benchmarks.base import BenchmarkError, RawRow, table_file, text_field
from speceyes.border import plain, problem
from speceyes.documents import DocumentError, read_json
from speceyes.records.samples import LETTERS


class VStarSettings(BaseModel):
    """How V* options are shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    option_order: Literal["published", "rotated"] = Field(
        "published", description="published: as stored, gold is always A; rotated: turned by a seeded hash per sample."
    )
    seed: int = Field(0, description="Seed of the rotation.")


class _Annotation(BaseModel):
    model_config = ConfigDict(strict=True)

    target_object: list[str]
    bbox: list[Annotated[list[FiniteFloat], Field(min_length=4, max_length=4)]]
    question: str
    options: Annotated[list[str | None], Field(min_length=2, max_length=len(LETTERS))]


class VStar:
    """Reader of ``craigwu/vstar_bench``."""

    name: ClassVar[str | None] = "vstar"
    Settings: ClassVar[type[BaseModel]] = VStarSettings

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        self.settings = VStarSettings.model_validate(settings)

    def rows(self, split: str) -> Iterator[RawRow]:
        """Rows in the order of their file names."""
        folder = self.folder / split
        annotations = _visible(folder, "*.json")
        if not annotations:
            raise BenchmarkError(f"{plain(folder)}: no annotations there; run download_dataset or correct the path")
        alone = sorted({path.stem for path in _visible(folder, "*.jpg")} - {path.stem for path in annotations})
        if alone:
            raise BenchmarkError(f"{plain(folder / alone[0])}.json: annotation is missing; download the dataset again")
        for path in annotations:
            yield self._row(path, plain(path), split)

    def _row(self, path: Path, where: str, split: str) -> RawRow:
        image = path.with_suffix(".jpg")
        if not image.exists():
            raise BenchmarkError(f"{where}: image {plain(image.name)} is missing; download the dataset again")
        annotation = _read(path, where)
        if len(annotation.bbox) != len(annotation.target_object):
            raise BenchmarkError(
                f"{where}: bbox: {len(annotation.bbox)} boxes for {len(annotation.target_object)} targets; "
                "download the dataset again"
            )
        options = [text_field(text, where, f"options[{i}]") for i, text in enumerate(annotation.options)]
        turn = self._turn(f"{split}/{path.stem}", len(options))
        with table_file(image) as file:
            content = file.read()
        return RawRow(
            where=where,
            question=text_field(annotation.question, where, "question"),
            options=tuple(options[turn:] + options[:turn]),
            gold=options[0],
            gold_letter=LETTERS[(len(options) - turn) % len(options)],
            category=split,
            image=content,
        )

    def _turn(self, key: str, options: int) -> int:
        if self.settings.option_order == "published":
            return 0
        digest = hashlib.sha256(f"{self.settings.seed} {key}".encode()).digest()
        return int.from_bytes(digest[:4], "big") % options


def _visible(folder: Path, pattern: str) -> list[Path]:
    """The folder's files by name, without those that systems leave beside them (``._NAME``, ``.DS_Store``)."""
    return sorted(path for path in folder.glob(pattern) if not path.name.startswith("."))


def _read(path: Path, where: str) -> _Annotation:
    try:
        return _Annotation.model_validate(read_json(path))
    except DocumentError as error:
        raise BenchmarkError(f"{error}; download the dataset again") from error
    except ValidationError as error:
        raise BenchmarkError(f"{where}: {problem(error, 'annotation')}; download the dataset again") from error
