"""What has to be judged: each distinct answer to each distinct question once, however many settings share it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from speceyes.records.samples import LETTERS, Sample
from speceyes.records.tables import read_provenance
from speceyes.records.types import Record, RecordError


@dataclass(frozen=True, slots=True, order=True)
class Judged:
    """A question with its gold answer and one given answer."""

    benchmark: str
    question: str
    options: tuple[str, ...]
    gold: str
    gold_letter: str
    answer: str

    @property
    def letters(self) -> str:
        """The letters of the options shown, ``"ABCD"``; empty without options."""
        return LETTERS[: len(self.options)]


def judged(sample: Sample, answer: str) -> Judged:
    """The judging question of one answer to a sample."""
    return Judged(sample.benchmark, sample.question, sample.options, sample.gold, sample.gold_letter, answer)


def given_answers(paths: Iterable[Path], kind: type[Record], column: str) -> set[tuple[str, str]]:
    """(sample id, answer) pairs of one stage's tables; wide columns stay on disk.

    Raises:
        RecordError: a file that holds another record type.
    """
    found: set[tuple[str, str]] = set()
    for path in paths:
        if (holds := read_provenance(path).get("record")) != kind.__name__:
            raise RecordError(f"{path}: holds {holds}, not {kind.__name__}")
        table = pq.read_table(path, columns=["sample_id", column])
        found.update(zip(table["sample_id"].to_pylist(), table[column].to_pylist(), strict=True))
    return found


def distinct(samples: Mapping[str, Sample], answers: Iterable[tuple[str, str]]) -> list[Judged]:
    """Sorted distinct judging questions of (sample id, answer) pairs.

    Raises:
        RecordError: an answer to a sample that the samples tables lack.
    """
    try:
        return sorted({judged(samples[sample_id], answer) for sample_id, answer in answers})
    except KeyError as error:
        raise RecordError(f"an answer to sample {error}, which no samples table holds; run its stage again") from None
