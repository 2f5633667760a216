"""POPE: one Parquet file per split, image bytes inside, balanced yes/no questions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from speceyes.benchmarks.base import BenchmarkError, RawRow, text_field

COLUMNS = ("id", "question_id", "question", "answer", "image_source", "image", "category")
BATCH_ROWS = 32


class Settings(BaseModel):
    """POPE has no choices to make."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Pope:
    """Reader of ``lmms-lab/POPE`` (its ``Full`` configuration)."""

    name: ClassVar[str] = "pope"
    Settings: ClassVar[type[BaseModel]] = Settings

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        Settings.model_validate(settings)

    def rows(self, split: str) -> Iterator[RawRow]:
        """Rows in file order, a few at a time."""
        path = self.folder / "Full" / f"{split}-00000-of-00001.parquet"
        try:
            file = pq.ParquetFile(path)
        except OSError as error:
            raise BenchmarkError(
                f"{path}: {error.strerror or error}; run download_dataset or correct the path"
            ) from error
        except pa.ArrowInvalid as error:
            raise BenchmarkError(
                f"{path}: not a Parquet file ({str(error).splitlines()[0]}); download it again"
            ) from error
        missing = [column for column in COLUMNS if column not in file.schema_arrow.names]
        if missing:
            raise BenchmarkError(f"{path}: columns {missing} are missing; is it the official file?")
        number, seen = 0, set[str]()
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(COLUMNS)):
            for record in batch.to_pylist():
                number += 1
                yield _row(f"{path} row {number}", record, seen)
        if not seen:
            raise BenchmarkError(f"{path}: no rows; download it again")


def _row(where: str, record: dict[str, Any], seen: set[str]) -> RawRow:
    key = text_field(record["id"], where, "id")
    if key in seen:
        raise BenchmarkError(f"{where}: id {key} stands twice; the file is damaged, download it again")
    seen.add(key)
    answer = text_field(record["answer"], where, "answer").lower()
    if answer not in ("yes", "no"):
        raise BenchmarkError(f"{where}: answer is {answer!r}, expected yes or no")
    image = (record["image"] or {}).get("bytes")
    if not image:
        raise BenchmarkError(f"{where}: image holds no bytes; download the file again")
    return RawRow(
        where=where,
        question=text_field(record["question"], where, "question"),
        options=(),
        gold=answer,
        gold_letter="",
        category=text_field(record["category"], where, "category"),
        image=image,
    )
