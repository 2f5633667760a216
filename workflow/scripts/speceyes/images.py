"""Pictures as every stage sees them: decoded by one rule, then sized as the protocol wants it."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, NamedTuple
from weakref import WeakValueDictionary

from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ConfigDict, Field, model_validator

from speceyes.border import open_regular, plain, reason
from speceyes.pixels import is_plain, to_rgb

EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "MPO": "jpg"}
# Pillow opens nothing larger, and neither does model-written code in the sandbox.
MAX_PIXELS = 178_956_970
PNG_END = b"\0\0\0\0IEND\xaeB`\x82"

# Sizes are held against MAX_PIXELS here.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class ImageError(Exception):
    """A picture that cannot be used; the message says why and, where it was read from a file, names the file."""


class ImageSettings(BaseModel):
    """The resize rule of one model (paper's code: factor 28, 4·28² to 16384·28² pixels)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    factor: int = Field(28, gt=0, description="Sides become multiples of this many pixels.")
    min_pixels: int = Field(4 * 28 * 28, gt=0, description="Smaller images are enlarged to about this area.")
    max_pixels: int = Field(16384 * 28 * 28, gt=0, description="Larger images are reduced to this area or less.")

    @model_validator(mode="after")
    def _sizes_exist(self) -> ImageSettings:
        if self.max_pixels < max(self.min_pixels, self.factor**2):
            raise ValueError(f"max_pixels: {self.max_pixels} is less than min_pixels or than factor x factor")
        return self


def fitted_size(width: int, height: int, settings: ImageSettings) -> tuple[int, int]:
    """The (width, height) an image is resized to: nearest multiples, then scaled into the area bounds.

    The upper bound holds for every shape; where one side is a single multiple, the other is cut to it.
    """
    factor = settings.factor
    size = (max(factor, round(width / factor) * factor), max(factor, round(height / factor) * factor))
    if math.prod(size) < settings.min_pixels:
        scale = math.sqrt(settings.min_pixels / (width * height))
        size = (math.ceil(width * scale / factor) * factor, math.ceil(height * scale / factor) * factor)
    return size if math.prod(size) <= settings.max_pixels else _reduced_size(width, height, settings)


def _reduced_size(width: int, height: int, settings: ImageSettings) -> tuple[int, int]:
    factor = settings.factor
    scale = math.sqrt(width * height / settings.max_pixels)
    short, long = (max(factor, math.floor(side / scale / factor) * factor) for side in sorted((width, height)))
    long = min(long, settings.max_pixels // (short * factor) * factor)
    return (short, long) if width <= height else (long, short)


def fit(image: Image.Image, settings: ImageSettings) -> Image.Image:
    """The image in RGB at its fitted size."""
    size = fitted_size(*image.size, settings)
    rgb = to_rgb(image)
    return rgb if rgb.size == size else rgb.resize(size, Image.Resampling.BICUBIC)


class Decoded(NamedTuple):
    """A picture's pixels in RGB, and the extension of its format's files."""

    image: Image.Image
    extension: str


def decode(file: BinaryIO) -> Decoded:
    """Decode a picture whole; see :func:`speceyes.pixels.to_rgb` for what becomes of its pixels.

    Raises:
        ImageError: not a picture, of another format, damaged, or too large; the message does not name the file.
    """
    try:
        with Image.open(file) as image:
            if image.format not in EXTENSIONS:
                raise ImageError(f"has format {image.format}, expected one of {', '.join(sorted(EXTENSIONS))}")
            if image.width * image.height > MAX_PIXELS:
                raise ImageError(f"is too large: {image.width} x {image.height} pixels, the limit is {MAX_PIXELS}")
            return Decoded(to_rgb(image), EXTENSIONS[image.format])
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(f"is too large: the limit is {MAX_PIXELS} pixels") from error
    except UnidentifiedImageError as error:
        raise ImageError("cannot be decoded: it is no picture; the file is damaged, download it again") from error
    except Exception as error:  # a decoder fed with damaged bytes raises anything
        raise ImageError(f"cannot be decoded ({reason(error)}); the file is damaged, download it again") from error


def open_image(path: Path) -> Image.Image:
    """The picture of a file in RGB, fully decoded, as stored: boxes and sizes refer to stored pixels.

    Raises:
        ImageError: the file is missing, no file, or no picture that can be used; the message names it.
    """
    try:
        with open_regular(path) as file:
            return decode(file).image
    except ImageError as error:
        raise ImageError(f"{plain(path)}: {error}") from error
    except OSError as error:
        raise ImageError(f"{plain(path)}: {reason(error)}") from error


class Pictures:
    """A folder's pictures, each decoded anew whenever it is opened: so the paper's code does, and what is timed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """A picture's file."""
        return self._folder / name

    def open(self, name: str) -> Image.Image:
        """A picture in RGB; see :func:`open_image`.

        Raises:
            ImageError: the same.
        """
        return open_image(self.path(name))


class SharedPictures(Pictures):
    """A folder's pictures, each decoded once for as long as it is in use.

    Questions about one picture that are under way together share it, and what an engine makes of it: HR-Bench asks
    four about each, POPE six or more.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._in_use: WeakValueDictionary[str, Image.Image] = WeakValueDictionary()

    def open(self, name: str) -> Image.Image:
        """A picture that must not be changed in place."""
        picture = self._in_use.get(name)
        if picture is None:
            picture = self._in_use[name] = super().open(name)
        return picture


@contextmanager
def plain_file(path: Path) -> Iterator[Path]:
    """A file in which every library finds the pixels of :func:`open_image`.

    OpenCV turns a picture as its EXIF orientation says and Pillow does not; colour models, depths and
    transparency differ as well. Where a file has none of that it is passed on as it is, else as a temporary PNG.
    """
    unlike = _unlike_elsewhere(path)
    if unlike is None:
        yield path
        return
    with TemporaryDirectory(prefix="picture-") as folder:
        copy = Path(folder, "plain.png")
        unlike.save(copy, compress_level=1)
        yield copy


def _has_its_end(image: Image.Image, file: BinaryIO) -> bool:
    """Whether a PNG ends as one: of others OpenCV reads nothing, while Pillow is content with the pixels."""
    if image.format != "PNG":
        return True
    file.seek(-len(PNG_END), os.SEEK_END)
    return file.read() == PNG_END


def _unlike_elsewhere(path: Path) -> Image.Image | None:
    """The pixels of a picture that other libraries would read otherwise, None for any other file."""
    try:
        with open_regular(path) as file, Image.open(file) as image:
            return None if is_plain(image) and _has_its_end(image, file) else to_rgb(image)
    except Exception:  # no picture: whoever reads the file will say so
        return None
