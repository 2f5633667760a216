"""What a benchmark reader is: one module that turns official files into validated rows, one at a time."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Protocol

from PIL import Image
from pydantic import BaseModel

EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "MPO": "jpg"}
MAX_PIXELS = 200_000_000


class BenchmarkError(Exception):
    """A benchmark file that is not what it should be; one line naming file, row and field."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One validated row before it becomes a sample: ``where`` is file and row, for messages."""

    where: str
    question: str
    options: tuple[str, ...]
    gold: str
    gold_letter: str
    category: str
    image: bytes


class Reader(Protocol):
    """A registered benchmark, constructed as ``Class(folder, settings)``; yields rows in a fixed order, streaming."""

    name: ClassVar[str]
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
        ValueError: the name does not lead to a class.
    """
    module_name, _, class_name = spec.partition(":")
    try:
        found: type[Reader] = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"benchmark reader {spec!r}: {error}; write it as package.module:Class") from error
    return found


def text_field(value: object, where: str, field: str) -> str:
    """A field that must hold text, as it is stored; missing values, numbers that mean "missing" and blanks are errors.

    Raises:
        BenchmarkError: nothing usable there.
    """
    if value is None or str(value).strip().lower() in ("", "nan"):
        raise BenchmarkError(f"{where}: {field} is empty; the file is incomplete, download it again")
    return str(value)


def choice_field(value: object, where: str, field: str, choices: tuple[str, ...]) -> str:
    """A field that must hold one of a few words.

    Raises:
        BenchmarkError: it does not.
    """
    word = text_field(value, where, field).strip()
    if word not in choices:
        raise BenchmarkError(f"{where}: {field} is {word[:40]!r}, expected one of {', '.join(choices)}")
    return word


def new_key(value: object, where: str, field: str, seen: set[str]) -> None:
    """Note a row's key in ``seen``.

    Raises:
        BenchmarkError: missing, or another row has it.
    """
    key = text_field(value, where, field).strip()
    if key in seen:
        raise BenchmarkError(f"{where}: {field} {key} stands twice; the file is damaged, download it again")
    seen.add(key)


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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content))
            if image.format not in EXTENSIONS:
                raise BenchmarkError(f"{where}: image has format {image.format}, expected one of {sorted(EXTENSIONS)}")
            if image.width * image.height > MAX_PIXELS:
                raise BenchmarkError(f"{where}: image of {image.width} x {image.height} pixels is too large")
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BenchmarkError(
            f"{where}: image cannot be decoded ({error}); the file is damaged, download it again"
        ) from error
    extension = EXTENSIONS[str(image.format)]
    return ImageFacts(hashlib.sha256(content).hexdigest(), extension, image.width, image.height)
