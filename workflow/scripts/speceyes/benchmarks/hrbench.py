"""HR-Bench: one tab-separated file per resolution, images as base64, four option rotations per question."""

from __future__ import annotations

import base64
import csv
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

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
from speceyes.border import border, plain, reason, shown

COLUMNS = ("index", "question", "answer", "category", "A", "B", "C", "D", "cycle_category", "image")
OPTIONS = ("A", "B", "C", "D")
CATEGORIES = ("single", "cross")
DATA_URI = re.compile(r"\s*data:[\w/+.;=-]*;base64,", re.IGNORECASE)
NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")
# Some collections write the index of the row that has the same picture, which no encoded picture is as short as.
LONGEST_INDEX = 64


class Settings(BaseModel):
    """HR-Bench has no choices to make."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HRBench:
    """Reader of ``DreamMr/HR-Bench``; a row at a time, since the 8K file holds 4.6 GB."""

    name: ClassVar[str | None] = "hrbench"
    Settings: ClassVar[type[BaseModel]] = Settings

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        Settings.model_validate(settings)

    def rows(self, split: str) -> Iterator[RawRow]:
        """Rows in file order."""
        path = self.folder / f"hr_bench_{split}.tsv"
        seen: set[str] = set()
        for number, record in enumerate(_records(path), start=1):
            yield _row(f"{plain(path)} row {number}", record, seen)
        if not seen:
            raise BenchmarkError(f"{plain(path)}: no rows; download it again")


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """The file's records, one in memory at a time."""
    csv.field_size_limit(sys.maxsize)
    with table_file(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text, delimiter="\t", strict=True)
        try:
            check_columns(path, reader.fieldnames or (), COLUMNS)
            yield from reader
        except (csv.Error, UnicodeDecodeError) as error:
            raise BenchmarkError(
                f"{plain(path)}: not tab-separated text ({reason(error)}); download it again"
            ) from error


def _row(where: str, record: dict[str, Any], seen: set[str]) -> RawRow:
    if None in record:
        raise BenchmarkError(f"{where}: more fields than columns; the file is damaged, download it again")
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
        image=_picture(text_field(record["image"], where, "image"), where),
    )


def _picture(text: str, where: str) -> bytes:
    """The bytes of a picture in base64, which may be wrapped into lines or be a data URI."""
    encoded = "".join(DATA_URI.sub("", text, count=1).split())
    if foreign := NOT_BASE64.search(encoded):
        raise BenchmarkError(f"{where}: image is not base64, it holds {shown(foreign[0])}")
    if len(encoded) <= LONGEST_INDEX:
        raise BenchmarkError(
            f"{where}: image is {shown(text)}, no picture in base64 (the index of another row?); "
            "every row must hold its own picture"
        )
    with border(f"{where}: image is not base64", BenchmarkError, "the file is cut short, download it again"):
        return base64.b64decode(encoded, validate=True)
