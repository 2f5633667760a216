"""POPE: one Parquet file per split, image bytes inside, balanced yes/no questions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from speceyes.benchmarks.base import ADVICE, BenchmarkError, RawRow, choice_field, new_key, text_field
from speceyes.benchmarks.rows import parquet_rows
from speceyes.border import plain

COLUMNS = ("id", "question_id", "question", "answer", "image_source", "image", "category")
ANSWERS = ("yes", "no")


class PopeSettings(BaseModel):
    """POPE has no choices to make."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Pope:
    """Reader of ``lmms-lab/POPE`` (its ``Full`` configuration)."""

    name: ClassVar[str | None] = "pope"
    Settings: ClassVar[type[BaseModel]] = PopeSettings

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        PopeSettings.model_validate(settings)

    def rows(self, split: str) -> Iterator[RawRow]:
        """Rows in file order."""
        path = self.folder / "Full" / f"{split}-00000-of-00001.parquet"
        seen: set[str] = set()
        for where, record in parquet_rows(path, COLUMNS):
            yield _row(where, record, seen)
        if not seen:
            raise BenchmarkError(f"{plain(path)}: no rows; download it again")


def _row(where: str, record: dict[str, Any], seen: set[str]) -> RawRow:
    new_key(record["id"], where, "id", seen)
    image = record["image"].get("bytes") if isinstance(record["image"], dict) else None
    if image is None:
        raise BenchmarkError(f"{where}: image holds no bytes; {ADVICE}")
    return RawRow(
        where=where,
        question=text_field(record["question"], where, "question"),
        options=(),
        gold=choice_field(record["answer"], where, "answer", ANSWERS),
        gold_letter="",
        category=text_field(record["category"], where, "category"),
        image=image,
    )
