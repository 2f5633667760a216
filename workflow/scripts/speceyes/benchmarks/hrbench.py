"""HR-Bench: one tab-separated file per resolution, images as base64, four option rotations per question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from speceyes.benchmarks.base import BenchmarkError, RawRow, choice_field, new_key, text_field
from speceyes.benchmarks.base64_pictures import decoded_picture
from speceyes.benchmarks.rows import delimited_rows
from speceyes.border import plain

COLUMNS = ("index", "question", "answer", "category", "A", "B", "C", "D", "cycle_category", "image")
OPTIONS = ("A", "B", "C", "D")
CATEGORIES = ("single", "cross")


class HRBenchSettings(BaseModel):
    """HR-Bench has no choices to make."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HRBench:
    """Reader of ``DreamMr/HR-Bench``; a row at a time, since the 8K file holds 4.6 GB."""

    name: ClassVar[str | None] = "hrbench"
    Settings: ClassVar[type[BaseModel]] = HRBenchSettings

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        HRBenchSettings.model_validate(settings)

    def rows(self, split: str) -> Iterator[RawRow]:
        """Rows in file order."""
        path = self.folder / f"hr_bench_{split}.tsv"
        seen: set[str] = set()
        for where, record in delimited_rows(path, "\t", COLUMNS):
            yield _row(where, record, seen)
        if not seen:
            raise BenchmarkError(f"{plain(path)}: no rows; download it again")


def _row(where: str, record: dict[str, Any], seen: set[str]) -> RawRow:
    new_key(record["index"], where, "index", seen)
    letter = choice_field(record["answer"], where, "answer", OPTIONS)
    options = tuple(text_field(record[option], where, option) for option in OPTIONS)
    return RawRow(
        where=where,
        question=text_field(record["question"], where, "question"),
        options=options,
        gold=options[OPTIONS.index(letter)],
        gold_letter=letter,
        category=choice_field(record["category"], where, "category", CATEGORIES),
        image=decoded_picture(text_field(record["image"], where, "image"), where, "image"),
    )
