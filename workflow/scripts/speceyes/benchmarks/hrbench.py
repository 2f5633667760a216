"""HR-Bench: one tab-separated file per resolution, images as base64, four option rotations per question."""

from __future__ import annotations

import base64
import binascii
import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from speceyes.benchmarks.base import BenchmarkError, RawRow, choice_field, new_key, text_field

COLUMNS = ("index", "question", "answer", "category", "A", "B", "C", "D", "cycle_category", "image")
OPTIONS = ("A", "B", "C", "D")
CATEGORIES = ("single", "cross")


class Settings(BaseModel):
    """HR-Bench has no choices to make."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HRBench:
    """Reader of ``DreamMr/HR-Bench``; a row at a time, since the 8K file holds 4.6 GB."""

    name: ClassVar[str] = "hrbench"
    Settings: ClassVar[type[BaseModel]] = Settings

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        Settings.model_validate(settings)

    def rows(self, split: str) -> Iterator[RawRow]:
        """Rows in file order."""
        path = self.folder / f"hr_bench_{split}.tsv"
        seen: set[str] = set()
        for number, record in enumerate(_records(path), start=1):
            yield _row(f"{path} row {number}", record, seen)
        if not seen:
            raise BenchmarkError(f"{path}: no rows; download it again")


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """The file's records, one in memory at a time."""
    csv.field_size_limit(sys.maxsize)
    try:
        with path.open(newline="", encoding="utf-8") as handle:
            reader = csv.DictReader(handle, delimiter="\t", strict=True)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise BenchmarkError(f"{path}: columns {', '.join(missing)} are missing; is it the official file?")
            yield from reader
    except OSError as error:
        raise BenchmarkError(f"{path}: {error.strerror}; run download_dataset or correct the path") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path}: not tab-separated text ({error}); download it again") from error


def _row(where: str, record: dict[str, Any], seen: set[str]) -> RawRow:
    if None in record:
        raise BenchmarkError(f"{where}: more fields than columns; the file is damaged, download it again")
    new_key(record["index"], where, "index", seen)
    letter = choice_field(record["answer"], where, "answer", OPTIONS)
    options = tuple(text_field(record[option], where, option) for option in OPTIONS)
    try:
        image = base64.b64decode(text_field(record["image"], where, "image"), validate=True)
    except binascii.Error as error:
        raise BenchmarkError(
            f"{where}: image is not base64 ({error}); the file is cut short, download it again"
        ) from error
    return RawRow(
        where=where,
        question=text_field(record["question"], where, "question"),
        options=options,
        gold=options[OPTIONS.index(letter)],
        gold_letter=letter,
        category=choice_field(record["category"], where, "category", CATEGORIES),
        image=image,
    )
