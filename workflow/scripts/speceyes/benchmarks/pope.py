"""POPE: one Parquet file per split, image bytes inside, balanced yes/no questions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from speceyes.benchmarks.base import (
    BenchmarkError,
    RawRow,
    check_columns,
    choice_field,
    new_key,
    table_file,
    text_field,
)
from speceyes.border import plain

COLUMNS = ("id", "question_id", "question", "answer", "image_source", "image", "category")
ANSWERS = ("yes", "no")
BATCH_ROWS = 32
BUFFER_BYTES = 2**20


class Settings(BaseModel):
    """POPE has no choices to make."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Pope:
    """Reader of ``lmms-lab/POPE`` (its ``Full`` configuration)."""

    name: ClassVar[str | None] = "pope"
    Settings: ClassVar[type[BaseModel]] = Settings

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        Settings.model_validate(settings)

    def rows(self, split: str) -> Iterator[RawRow]:
        """Rows in file order."""
        path = self.folder / "Full" / f"{split}-00000-of-00001.parquet"
        seen: set[str] = set()
        for number, record in enumerate(_records(path), start=1):
            yield _row(f"{plain(path)} row {number}", record, seen)
        if not seen:
            raise BenchmarkError(f"{plain(path)}: no rows; download it again")


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """The file's records; memory is bounded by one of its row groups (Arrow reads nested columns so)."""
    try:
        with table_file(path), pq.ParquetFile(path, buffer_size=BUFFER_BYTES, pre_buffer=False) as file:
            check_columns(path, file.schema_arrow.names, COLUMNS)
            if not pa.types.is_struct(file.schema_arrow.field("image").type):
                raise BenchmarkError(f"{plain(path)}: column image holds no bytes and path; is it the official file?")
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(COLUMNS)):
                yield from batch.to_pylist()
    except (OSError, pa.ArrowException) as error:
        said = plain(str(error).partition("\n")[0])
        raise BenchmarkError(f"{plain(path)}: not a whole Parquet file ({said}); download it again") from error


def _row(where: str, record: dict[str, Any], seen: set[str]) -> RawRow:
    new_key(record["id"], where, "id", seen)
    image = (record["image"] or {}).get("bytes")
    if image is None:
        raise BenchmarkError(f"{where}: image holds no bytes; download the file again")
    return RawRow(
        where=where,
        question=text_field(record["question"], where, "question"),
        options=(),
        gold=choice_field(record["answer"], where, "answer", ANSWERS),
        gold_letter="",
        category=text_field(record["category"], where, "category"),
        image=image,
    )
