"""Thumbnails that fit a page: each picture once, as large as its share of the page's bytes allows."""

from __future__ import annotations

import io
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from speceyes.images import ImageError, open_image

QUESTION_WEIGHT, CROP_WEIGHT = 8, 1  # a crop is a part of what the question's picture shows already
LARGEST_SHARE = 60_000
LARGEST_SIDE, SMALLEST_SIDE = 768, 32  # pixels
QUALITY = 74
LEAST_BYTES_PER_PIXEL = 0.04  # photographs need more; a larger first try would be in vain


@dataclass(frozen=True, slots=True)
class _Picture:
    number: int
    path: Path
    weight: int


class PictureCollection:
    """The pictures of one page, numbered in the order in which they are asked for."""

    def __init__(self) -> None:
        self._pictures: dict[str, _Picture] = {}

    def add(self, identity: str, path: Path, weight: int) -> int:
        """The number of a picture; two files of one identity are one picture."""
        return self._pictures.setdefault(identity, _Picture(len(self._pictures), path, weight)).number

    def thumbnails(self, workers: int, total_bytes: int) -> list[bytes]:
        """WebP files by number, together within ``total_bytes``; empty where that cannot be."""
        unit = total_bytes / max(1, sum(picture.weight for picture in self._pictures.values()))
        with ThreadPoolExecutor(workers) as pool:
            return list(
                pool.map(lambda picture: _thumbnail(picture.path, unit * picture.weight), self._pictures.values())
            )


def _thumbnail(path: Path, share: float) -> bytes:
    """The picture at about the largest size that stays within ``share`` bytes; empty if there is none."""
    try:
        picture = open_image(path)
    except ImageError:
        return b""
    share = min(LARGEST_SHARE, share)
    side = min(LARGEST_SIDE, int(math.sqrt(share / LEAST_BYTES_PER_PIXEL)))
    while side >= SMALLEST_SIDE:
        picture.thumbnail((side, side), Image.Resampling.HAMMING)
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=QUALITY, method=1)
        if buffer.tell() <= share:
            return buffer.getvalue()
        side = int(0.93 * max(picture.size) * math.sqrt(share / buffer.tell()))
    return b""
