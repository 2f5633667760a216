"""The images that the code saved: found by their printed paths and decoded while the sandbox's limits hold.

A small file can cost a decoder hours (a JPEG of a million scans) or exploit it. So files never leave the
sandbox, only their pixels do. Only the standard library is imported before there is an image.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")


class UnusableImageError(Exception):
    """A printed path leads to no acceptable image; one line says why."""


class Pixels(NamedTuple):
    """One decoded image: ``data`` holds its RGB bytes row by row."""

    width: int
    height: int
    data: bytes


def find_printed(printed: str, output_dir: str) -> tuple[str, list[str]]:
    """The printed text without lines that only name a saved file, and all named files in order, each once."""
    inside_text = re.compile(re.escape(output_dir) + r"/[^\s'\"<>|,;:)\]]*[^\s'\"<>|,;:)\].]")
    kept: list[str] = []
    paths: dict[str, None] = {}
    for line in printed.splitlines():
        whole = os.path.join(output_dir, line.strip())  # noqa: PTH118 - pathlib costs start-up time
        names_file = bool(line.strip()) and _is_saved_file(whole, output_dir)
        for path in [whole] if names_file else inside_text.findall(line):
            if _is_saved_file(path, output_dir):
                paths[path] = None
        if not names_file:
            kept.append(line)
    return "\n".join(kept), list(paths)


def _is_saved_file(path: str, output_dir: str) -> bool:
    """Whether the path is a regular file that really lies in the output folder."""
    try:
        real = os.path.realpath(path, strict=True)
        return real.startswith(os.path.realpath(output_dir) + "/") and stat.S_ISREG(os.stat(real).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False


def decode(paths: Sequence[str], max_pixels: int) -> list[Pixels]:
    """The images' pixels, by the rule that holds for every picture (:func:`speceyes.pixels.to_rgb`).

    Args:
        paths: files of any content.
        max_pixels: bound on all of them together, checked from the headers before any is decoded.

    Raises:
        UnusableImageError: not one of ``FORMATS``, damaged, or too many pixels.
    """
    if sum(_pixel_count(path, max_pixels) for path in paths) > max_pixels:
        raise UnusableImageError(f"the saved images have more than {max_pixels} pixels")
    return [_decode(path) for path in paths]


def _pixel_count(path: str, max_pixels: int) -> int:
    from PIL import Image  # noqa: PLC0415

    try:
        with _open(path) as image:
            return image.width * image.height
    except Image.DecompressionBombError:
        return max_pixels + 1
    except Exception as error:  # a decoder fed with hostile bytes raises anything
        raise UnusableImageError("a saved file is not a PNG, JPEG, WebP or BMP image") from error


def _decode(path: str) -> Pixels:
    from speceyes.pixels import to_rgb  # noqa: PLC0415

    try:
        with _open(path) as image:
            return Pixels(*image.size, to_rgb(image).tobytes())
    except MemoryError:
        raise
    except Exception as error:
        raise UnusableImageError(f"a saved image is damaged: {type(error).__name__}") from error


def _open(path: str) -> Image.Image:
    # Registers the formats by name: asked for one it has not met, Pillow would load all of its plugins.
    from PIL import BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401, PLC0415

    return Image.open(path, formats=FORMATS)
