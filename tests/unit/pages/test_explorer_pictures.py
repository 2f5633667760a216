"""Thumbnails: each picture once, within the page's bytes, whatever the pictures are."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from speceyes.pages.explorer.pictures import CROP_WEIGHT, LARGEST_SIDE, QUESTION_WEIGHT, PictureCollection

ENOUGH = 1_000_000


def noise(path: Path, side: int, seed: int = 0) -> Path:
    """The dearest picture for a compressor."""
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)).save(path)
    return path


def test_two_files_of_one_identity_are_one_picture(tmp_path):
    pictures = PictureCollection()
    numbers = [pictures.add(name, tmp_path / f"{place}.png", CROP_WEIGHT) for place, name in enumerate("abac")]
    assert numbers == [0, 1, 0, 2]
    assert len(pictures.thumbnails(1, ENOUGH)) == 3


@pytest.mark.parametrize("count", [1, 4, 20])
def test_the_pages_bytes_hold_for_noise(tmp_path, count):
    pictures = PictureCollection()
    for number in range(count):
        pictures.add(str(number), noise(tmp_path / f"{number}.png", 300, number), QUESTION_WEIGHT)
    files = pictures.thumbnails(2, total_bytes=60_000)
    assert sum(map(len, files)) <= 60_000
    assert all(files)


def test_a_questions_picture_gets_more_than_a_crop(tmp_path):
    pictures = PictureCollection()
    pictures.add("question", noise(tmp_path / "q.png", 400, 1), QUESTION_WEIGHT)
    for number in range(10):
        pictures.add(f"crop{number}", noise(tmp_path / f"{number}.png", 400, 2), CROP_WEIGHT)
    question, *crops = (Image.open(io.BytesIO(file)).width for file in pictures.thumbnails(1, total_bytes=60_000))
    assert question > 2 * max(crops)


def test_small_pictures_keep_their_pixels_and_large_ones_their_shape(tmp_path):
    pictures = PictureCollection()
    for name, size in (("small", (60, 40)), ("large", (3000, 1500))):
        Image.new("RGB", size, "red").save(tmp_path / f"{name}.png")
        pictures.add(name, tmp_path / f"{name}.png", QUESTION_WEIGHT)
    sizes = [Image.open(io.BytesIO(file)).size for file in pictures.thumbnails(1, ENOUGH)]
    assert sizes == [(60, 40), (LARGEST_SIDE, LARGEST_SIDE // 2)]


def test_what_cannot_be_read_leaves_a_gap_at_its_number(tmp_path):
    pictures = PictureCollection()
    (tmp_path / "torn.jpg").write_bytes(b"\xff\xd8 torn")
    pictures.add("torn", tmp_path / "torn.jpg", QUESTION_WEIGHT)
    pictures.add("missing", tmp_path / "missing.png", QUESTION_WEIGHT)
    pictures.add("good", noise(tmp_path / "good.png", 30), QUESTION_WEIGHT)
    torn, missing, good = pictures.thumbnails(1, ENOUGH)
    assert (torn, missing) == (b"", b"")
    assert good


def test_without_bytes_left_a_picture_is_empty(tmp_path):
    pictures = PictureCollection()
    pictures.add("noise", noise(tmp_path / "noise.png", 100), CROP_WEIGHT)
    assert pictures.thumbnails(1, total_bytes=50) == [b""]
    assert PictureCollection().thumbnails(1, ENOUGH) == []
