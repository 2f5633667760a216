"""Data of one's own: JSON lines, CSV, TSV or Parquet, read as the configuration maps their columns."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from speceyes.benchmarks.base import (
    ADVICE,
    BenchmarkError,
    RawRow,
    choice_field,
    kind_of,
    label_field,
    text_field,
)
from speceyes.benchmarks.base64_pictures import decoded_picture
from speceyes.benchmarks.rows import Row, delimited_rows, json_rows, parquet_rows
from speceyes.border import border, open_regular, plain, shown
from speceyes.documents import parse_json
from speceyes.records.samples import LETTERS

YES_OR_NO = ("yes", "no")
FORMATS: dict[str, Callable[[Path, Sequence[str]], Iterator[Row]]] = {
    ".jsonl": lambda path, _: json_rows(path),
    ".csv": lambda path, columns: delimited_rows(path, ",", columns),
    ".tsv": lambda path, columns: delimited_rows(path, "\t", columns),
    ".parquet": lambda path, columns: parquet_rows(path, list(dict.fromkeys(map(_outermost, columns)))),
}


def _below(name: str) -> str:
    if not name.strip() or _leaves(Path(name)):
        raise ValueError("must lie below the benchmark's path")
    return name


def _leaves(path: Path) -> bool:
    """Whether a relative path leads out of the folder that it begins in, as it is written: links are the user's."""
    return path.is_absolute() or Path(os.path.normpath(path)).parts[:1] == (os.pardir,)


def _outermost(column: str) -> str:
    return column.partition(".")[0]


Column = Annotated[str, Field(min_length=1)]


class OwnDataSettings(BaseModel):
    """Which column holds what; ``answer.text`` is the field ``text`` within ``answer``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Annotated[str, AfterValidator(_below)] = Field(
        "{split}",
        description="File or folder of files below path; {split} is filled in, an extension added.",
    )
    question: Column = Field("question", description="Column of the question.")
    options: Column | Annotated[tuple[Column, ...], Field(min_length=2, max_length=len(LETTERS))] | None = Field(
        None,
        description="Column of a list of options, JSON's too, or their columns in order; null: yes/no questions.",
    )
    separator: Column | None = Field(None, description="What stands between options where one text holds them all.")
    answer: Column = Field("answer", description="Column of the right option's letter or text, or of yes or no.")
    image: Column = Field("image", description="Column of the picture: bytes, or a text as image_text says.")
    image_text: Literal["path", "base64"] = Field(
        "path", description="path: relative to the file that names it; base64: the picture itself."
    )
    category: Column | None = Field(None, description="Column of a label that results may be told apart by.")
    image_id: Column | None = Field(
        None,
        description="Column of a picture's name, for crops and copies of one; null: by its bytes.",
    )

    @model_validator(mode="after")
    def _only_a_text_is_split(self) -> OwnDataSettings:
        if self.separator is not None and not isinstance(self.options, str):
            raise ValueError("separator: is of use only where options is one column")
        return self

    @property
    def columns(self) -> list[str]:
        """All columns that are read."""
        options = (self.options,) if isinstance(self.options, str) else self.options or ()
        named = (self.question, *options, self.answer, self.image, self.category, self.image_id)
        return list(dict.fromkeys(column for column in named if column is not None))


class OwnData:
    """Reader of any rows; a benchmark of one's own is an entry in the configuration and no code."""

    name: ClassVar[str | None] = None
    Settings: ClassVar[type[BaseModel]] = OwnDataSettings

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        self.settings = OwnDataSettings.model_validate(settings)

    def rows(self, split: str) -> Iterator[RawRow]:
        """Rows in file order; files of a folder by name."""
        names: dict[bytes, str] = {}
        for path in self._files(split):
            empty = True
            for where, record in FORMATS[path.suffix](path, self.settings.columns):
                empty = False
                row = self._row(where, record, path.parent)
                _check_name(row, self.settings.image_id, names)
                yield row
            if empty:
                raise BenchmarkError(f"{plain(path)}: no rows; {ADVICE}")

    def _files(self, split: str) -> list[Path]:
        """The split's files.

        Raises:
            BenchmarkError: none, several of one name, or one of an unknown format.
        """
        named = self.folder / self.settings.file.replace("{split}", split)
        there = [path for path in (named, *(Path(f"{named}{suffix}") for suffix in FORMATS)) if path.exists()]
        if len(there) != 1:
            found = ", ".join(plain(path.name) for path in there) or "nothing"
            raise BenchmarkError(
                f"{plain(named)}: found {found}, expected a file ({', '.join(FORMATS)}) or a folder of files; "
                "correct the path or the setting file"
            )
        if there[0].is_dir():
            inside = sorted(path for path in there[0].iterdir() if not path.name.startswith("."))
            there = [path for path in inside if path.suffix in FORMATS]
        if not there or there[0].suffix not in FORMATS:
            raise BenchmarkError(f"{plain(named)}: no file of rows there, expected {', '.join(FORMATS)}")
        return there

    def _row(self, where: str, record: dict[str, Any], folder: Path) -> RawRow:
        columns = self.settings
        options = self._options(record, where)
        gold, letter = _gold(_value(record, columns.answer, where), where, columns.answer, options)
        return RawRow(
            where=where,
            question=text_field(_value(record, columns.question, where), where, columns.question),
            options=options,
            gold=gold,
            gold_letter=letter,
            category=_label(record, columns.category, where),
            image=self._picture(_value(record, columns.image, where), where, folder),
            image_id=_label(record, columns.image_id, where),
        )

    def _options(self, record: dict[str, Any], where: str) -> tuple[str, ...]:
        columns = self.settings.options
        if columns is None:
            return ()
        if isinstance(columns, str):
            named = _listed(_value(record, columns, where), where, columns, self.settings.separator)
        else:
            named = _filled([(column, record.get(column)) for column in columns])
        if not 2 <= len(named) <= len(LETTERS):
            field = columns if isinstance(columns, str) else ", ".join(columns)
            raise BenchmarkError(f"{where}: {field} holds {len(named)} options, expected 2 to {len(LETTERS)}")
        return tuple(text_field(option, where, field) for field, option in named)

    def _picture(self, value: object, where: str, folder: Path) -> bytes:
        """The bytes of a picture, wherever a row has them."""
        field = self.settings.image
        if isinstance(value, dict):  # Parquet's pictures as the datasets library writes them
            value = value.get("bytes") or value.get("path")
        if isinstance(value, bytes):
            return value
        text = text_field(value, where, field)
        if self.settings.image_text == "base64":
            return decoded_picture(text, where, field)
        return self._file(text.strip(), where, folder)

    def _file(self, name: str, where: str, folder: Path) -> bytes:
        """A picture's file, which must lie in the benchmark's folder: no row takes other files into a study."""
        field = self.settings.image
        if "://" in name:
            raise BenchmarkError(f"{where}: {field} {shown(name)} is an address; download it and name its file")
        advice = f"correct it, or set image_text if {field} is no path"
        if _leaves(folder.relative_to(self.folder) / name):
            raise BenchmarkError(f"{where}: {field} {shown(name)} lies outside of {plain(self.folder)}; {advice}")
        with border(f"{where}: {field} {shown(name)}", BenchmarkError, advice), open_regular(folder / name) as file:
            return file.read()


def _value(record: dict[str, Any], column: str, where: str) -> object:
    """What a row has in a column, or in a field within one."""
    value: Any = record
    for name in (column,) if column in record else column.split("."):
        if not isinstance(value, dict) or name not in value:
            raise BenchmarkError(f"{where}: {column} is missing, found {plain(', '.join(record))}")
        value = value[name]
    return value


def _listed(value: object, where: str, field: str, separator: str | None) -> list[tuple[str, object]]:
    """The options of one column, each with the name of its place."""
    if separator is not None:
        value = [part.strip() for part in text_field(value, where, field).split(separator)]
    elif isinstance(value, str) and value.lstrip().startswith("["):
        with border(f"{where}: {field}", BenchmarkError, "a text with options is a list in JSON, or set separator"):
            value = parse_json(value)
    if value is None:
        raise BenchmarkError(f"{where}: {field} is empty; {ADVICE}")
    if isinstance(value, str):
        text_field(value, where, field)
        raise BenchmarkError(f"{where}: {field} is text, not a list: {shown(value)}; set separator, if it has one")
    if not isinstance(value, list):
        raise BenchmarkError(f"{where}: {field} is {kind_of(value)}, not a list: {shown(value)}")
    return [(f"{field}[{place}]", option) for place, option in enumerate(value)]


def _filled(options: list[tuple[str, object]]) -> list[tuple[str, object]]:
    """Options without the empty ones at their end: questions of one file may have fewer than the file has columns."""
    count = max((place for place, (_, option) in enumerate(options, start=1) if option not in (None, "")), default=0)
    return options[:count]


def _gold(value: object, where: str, field: str, options: tuple[str, ...]) -> tuple[str, str]:
    """The right option and its letter; ``yes`` or ``no`` and none without options."""
    if not options:
        return choice_field(value.lower() if isinstance(value, str) else value, where, field, YES_OR_NO), ""
    answer = text_field(value, where, field).strip()
    letters = dict(zip(LETTERS, options, strict=False))
    meant = {letter for letter, option in letters.items() if answer in (letter, option.strip())}
    if len(meant) > 1:
        raise BenchmarkError(f"{where}: {field} {shown(answer)} is one option's letter and another's text")
    if not meant:
        raise BenchmarkError(
            f"{where}: {field} is {shown(answer)}, expected one of {', '.join(letters)} or the text of an option"
        )
    letter = meant.pop()
    return letters[letter], letter


def _label(record: dict[str, Any], column: str | None, where: str) -> str:
    return "" if column is None else label_field(_value(record, column, where), where, column)


def _check_name(row: RawRow, field: str | None, names: dict[bytes, str]) -> None:
    """Refuse a picture that comes under two names: its rows would count as independent of each other."""
    if field is None:
        return
    known = names.setdefault(hashlib.sha256(row.image).digest(), row.image_id)
    if known != row.image_id:
        raise BenchmarkError(f"{row.where}: {field} is {shown(row.image_id)}, but the same picture had {shown(known)}")
