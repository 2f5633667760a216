"""What was made of pictures, kept for as long as a picture is in use: through an episode or a batch, and not longer.

A picture must not be changed in place meanwhile.
"""

from __future__ import annotations

import weakref
from typing import Generic, TypeVar

from PIL import Image

T = TypeVar("T")


class ByPicture(Generic[T]):
    """One thing for each picture, by the picture's identity."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[weakref.ref[Image.Image], T]] = {}

    def __contains__(self, picture: Image.Image) -> bool:
        return id(picture) in self._kept

    def __getitem__(self, picture: Image.Image) -> T:
        return self._kept[id(picture)][1]

    def __setitem__(self, picture: Image.Image, value: T) -> None:
        key, kept = id(picture), self._kept
        kept[key] = (weakref.ref(picture, lambda _: kept.pop(key, None)), value)
