"""What a benchmark reader is: one module that turns official files into validated rows, one at a time."""

from __future__ import annotations

import hashlib
import io
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Protocol

from pydantic import BaseModel

from speceyes.border import LONGEST_VALUE, border, open_regular, plain, reason, shown
from speceyes.images import ImageError, decode
from speceyes.plugins import load_class
from speceyes.records.samples import LETTERS

ADVICE = "correct the file or download it again"


class BenchmarkError(Exception):
    """A benchmark file that is not what it should be; one line naming file, row and field."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One validated row before it becomes a sample: ``where`` is file and row, for messages.

    ``image_id`` names a picture that rows share in other bytes (crops, sizes); empty, its bytes are its name.
    """

    where: str
    question: str
    options: tuple[str, ...]
    gold: str
    gold_letter: str
    category: str
    image: bytes
    image_id: str = ""


class Reader(Protocol):
    """What reads a benchmark, constructed as ``Class(folder, settings)``; yields rows in a fixed order, streaming.

    ``name`` is the key under which alone the reader's benchmark may be configured, as judging goes by it; None where
    any key will do.
    """

    name: ClassVar[str | None]
    Settings: ClassVar[type[BaseModel]]

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None: ...

    def rows(self, split: str) -> Iterator[RawRow]:
        """Every row of a split.

        Raises:
            BenchmarkError: at the first row that cannot be used.
        """
        ...


def load_reader(spec: str) -> type[Reader]:
    """The reader class named ``package.module:Class``.

    Raises:
        ValueError: the name does not lead to a benchmark reader; the message says what is wrong.
    """
    found: type[Reader] = load_class(spec, "benchmark reader", ("name", "Settings", "rows"))
    return found


def validated_rows(reader: Reader, benchmark: str, split: str) -> Iterator[RawRow]:
    """The rows of any reader; what it raises, and rows that contradict themselves, become one line.

    Raises:
        BenchmarkError: naming the row, or the one after which the reader failed.
    """
    where = f"{benchmark}/{split}"
    rows = reader.rows(split)
    while True:
        with border(where, BenchmarkError):
            row = next(rows, None)
        if row is None:
            return
        where = row.where
        _check(row)
        yield row
        where = f"after {where}"


def _check(row: RawRow) -> None:
    if not isinstance(row.image, bytes):
        raise BenchmarkError(f"{row.where}: image is {kind_of(row.image)}, not bytes: {shown(row.image)}")
    first: dict[str, str] = {}
    for letter, option in zip(LETTERS, row.options, strict=False):
        text = _as_seen(option)
        if text in first:
            raise BenchmarkError(
                f"{row.where}: options {first[text]} and {letter} are both {shown(option)}; correct the file"
            )
        first[text] = letter


def _as_seen(text: str) -> str:
    """What a reader sees of a text: accents composed, one space between words, nothing invisible."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(sign for sign in composed if unicodedata.category(sign) != "Cf").split())


@contextmanager
def table_file(path: Path) -> Iterator[BinaryIO]:
    """A benchmark's file, open for reading.

    Raises:
        BenchmarkError: it is not there, or no file.
    """
    try:
        file = open_regular(path)
    except OSError as error:
        raise BenchmarkError(f"{plain(path)}: {reason(error)}; run download_dataset or correct the path") from error
    with file:
        yield file


def check_columns(path: Path, found: Sequence[str], wanted: Sequence[str]) -> None:
    """Hold a table's columns against those that are read.

    Raises:
        BenchmarkError: one is missing, or stands twice.
    """
    missing = [column for column in wanted if column not in found]
    if missing:
        raise BenchmarkError(
            f"{plain(path)}: columns {', '.join(missing)} are missing, found {plain(', '.join(found))}"
        )
    twice = [column for column in wanted if list(found).count(column) > 1]
    if twice:
        raise BenchmarkError(f"{plain(path)}: column {twice[0]} stands twice; {ADVICE}")


def text_field(value: object, where: str, field: str) -> str:
    """A field that must hold text, as it is stored; what is missing, blank or no text is an error.

    Raises:
        BenchmarkError: nothing usable there.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        raise BenchmarkError(f"{where}: {field} is empty; {ADVICE}")
    if not isinstance(value, str):
        raise BenchmarkError(f"{where}: {field} is {kind_of(value)}, not text: {shown(value)}")
    if not is_unicode(value):
        raise BenchmarkError(f"{where}: {field} holds half a character, or is not in UTF-8; {ADVICE}")
    return value


def kind_of(value: object) -> str:
    """What a value is, in a reader's words."""
    names = {bytes: "bytes", str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), f"of type {type(value).__name__}")


def is_unicode(text: str) -> bool:
    """Whether a text can be stored: JSON's escapes can spell lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def choice_field(value: object, where: str, field: str, choices: tuple[str, ...]) -> str:
    """A field that must hold one of a few words.

    Raises:
        BenchmarkError: it does not.
    """
    word = text_field(value, where, field).strip()
    if word not in choices:
        raise BenchmarkError(f"{where}: {field} is {shown(word)}, expected one of {', '.join(choices)}")
    return word


def label_field(value: object, where: str, field: str) -> str:
    """A field that names something: text without the space around it, or a whole number.

    Raises:
        BenchmarkError: missing, blank, or anything else.
    """
    number = isinstance(value, int) and not isinstance(value, bool)
    return text_field(str(value) if number else value, where, field).strip()


def new_key(value: object, where: str, field: str, seen: set[str]) -> str:
    """A row's key, noted in ``seen``.

    Raises:
        BenchmarkError: missing, no key, or another row has it.
    """
    key = label_field(value, where, field)
    if key in seen:
        raise BenchmarkError(f"{where}: {field} {plain(key, LONGEST_VALUE)} stands twice; {ADVICE}")
    seen.add(key)
    return key


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the samples table says of an image."""

    image_id: str
    extension: str
    width: int
    height: int


def check_image(content: bytes, where: str) -> ImageFacts:
    """Decode an image fully once, so that no later stage meets a broken one.

    Raises:
        BenchmarkError: not an image, cut short, of an unexpected format or too large.
    """
    try:
        image, extension = decode(io.BytesIO(content))
    except ImageError as error:
        raise BenchmarkError(f"{where}: image {error}") from error
    return ImageFacts(hashlib.sha256(content).hexdigest(), extension, image.width, image.height)
