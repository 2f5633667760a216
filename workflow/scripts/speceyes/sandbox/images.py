"""Images that come back from the sandbox: pixels of unknown origin, held against what they claim to be."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

PIXEL_BYTES = 3
SPOILED_REPLY = "the code spoiled the sandbox's reply"


class ReturnedImageError(Exception):
    """What came back is not what the code may return; one line says why."""


class ReturnedImage(BaseModel):
    """Size of one RGB image as the sandbox claims it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    width: int = Field(gt=0)
    height: int = Field(gt=0)

    @property
    def size_bytes(self) -> int:
        """Size of the uncompressed pixels."""
        return self.width * self.height * PIXEL_BYTES


def open_returned(
    claims: Sequence[ReturnedImage], pixels: memoryview, max_images: int, max_pixels: int
) -> tuple[Image.Image, ...]:
    """The images. No decoder is involved: the work is linear in the bytes received.

    Args:
        claims: one per image.
        pixels: all images' uncompressed pixels, one image after the other.
        max_images: bound on their number.
        max_pixels: bound on their pixels together.

    Raises:
        ReturnedImageError: too many images or pixels, or bytes that do not add up to the claims.
    """
    if len(claims) > max_images:
        raise ReturnedImageError(f"more than {max_images} images")
    if sum(claim.width * claim.height for claim in claims) > max_pixels:
        raise ReturnedImageError(f"the saved images have more than {max_pixels} pixels")
    if sum(claim.size_bytes for claim in claims) != len(pixels):
        raise ReturnedImageError(SPOILED_REPLY)
    ends = itertools.accumulate(claim.size_bytes for claim in claims)
    return tuple(
        Image.frombytes("RGB", (claim.width, claim.height), pixels[end - claim.size_bytes : end])
        for claim, end in zip(claims, ends, strict=True)
    )
