"""Pictures that agents make are kept once each, whatever their shape."""

from __future__ import annotations

import pytest
from PIL import Image
from speceyes.records.media import MediaStore


def test_equal_pictures_are_one_file(tmp_path):
    store = MediaStore(tmp_path / "new" / "media")
    red, again, blue = (Image.new("RGB", (8, 6), colour) for colour in ("red", "red", "blue"))
    names = [store.keep(image) for image in (red, again, blue)]
    assert names[0] == names[1] != names[2]
    assert {path.name for path in store.folder.iterdir()} == set(names)
    assert Image.open(store.folder / names[0]).size == (8, 6)


def test_two_stores_of_one_folder_agree(tmp_path):
    image = Image.new("RGB", (8, 6), "red")
    assert MediaStore(tmp_path).keep(image) == MediaStore(tmp_path).keep(image)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
def test_every_mode_is_kept_in_rgb(tmp_path, mode):
    name = MediaStore(tmp_path).keep(Image.new(mode, (8, 6)))
    assert Image.open(tmp_path / name).mode == "RGB"


@pytest.mark.parametrize("size", [(65_500, 2), (65_501, 2), (2, 70_000)])
def test_a_strip_too_long_for_jpeg_is_kept_too(tmp_path, size):
    name = MediaStore(tmp_path).keep(Image.new("RGB", size, "red"))
    assert Image.open(tmp_path / name).size == size
