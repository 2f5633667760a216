"""Images that come back from the sandbox: files of unknown make, bounded before they are decoded."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from speceyes.engines.images import to_rgb

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")


class ReturnedImageError(Exception):
    """A returned file is not an acceptable image; one line says why."""


def open_returned(blobs: Sequence[bytes], max_pixels: int) -> tuple[Image.Image, ...]:
    """The images in RGB, fully decoded.

    Args:
        blobs: files as they came out of the sandbox.
        max_pixels: bound on all of them together, checked from the headers before any is decoded.

    Raises:
        ReturnedImageError: not one of ``FORMATS``, damaged, or too many pixels.
    """
    room = max_pixels
    try:
        for blob in blobs:
            width, height = _open(blob).size
            room -= width * height
    except Image.DecompressionBombError:
        room = -1
    if room < 0:
        raise ReturnedImageError(f"the saved images have more than {max_pixels} pixels")
    return tuple(_decode(blob) for blob in blobs)


def _open(blob: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(blob), formats=FORMATS)
    except Image.DecompressionBombError:
        raise
    except Exception as error:  # a decoder fed with hostile bytes raises anything
        raise ReturnedImageError("a saved file is not a PNG, JPEG, WebP or BMP image") from error


def _decode(blob: bytes) -> Image.Image:
    try:
        with _open(blob) as image:
            return to_rgb(image)
    except ReturnedImageError:
        raise
    except Exception as error:
        raise ReturnedImageError(f"a saved image is damaged: {type(error).__name__}") from error
