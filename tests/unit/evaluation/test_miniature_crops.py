"""A cut is found again in its original, through JPEG as through PNG; nothing else is."""

import io
import random

import pytest
from PIL import Image
from speceyes.evaluation.crops import covers, cut_from
from speceyes.miniature.scenes import random_scene, render


@pytest.fixture(scope="module")
def original():
    return render(random_scene(random.Random(4), ("plain", "tiny", "plain")), 896)


def as_jpeg(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return Image.open(buffer)


@pytest.mark.parametrize("box", [(112, 224, 224, 336), (0, 0, 112, 112), (784, 784, 896, 896), (100, 50, 350, 90)])
def test_a_cut_is_found_where_it_was_made(original, box):
    assert cut_from(original, original.crop(box)) == box
    assert cut_from(original, as_jpeg(original.crop(box))) == box


def test_what_is_no_cut_is_not_found(original):
    cell = original.crop((112, 224, 224, 336))
    assert cut_from(original, cell.resize((224, 224))) is None
    assert cut_from(original, cell.rotate(90)) is None
    assert cut_from(original, Image.new("RGB", (112, 112), (255, 0, 0))) is None
    assert cut_from(original, Image.new("RGB", (2000, 20))) is None
    other = render(random_scene(random.Random(5), ("plain", "tiny", "plain")), 896)
    assert cut_from(original, other.crop((112, 224, 224, 336))) is None


def test_a_box_covers_a_target_up_to_a_pixel_of_rounding():
    target = (100, 100, 200, 200)
    assert covers((100, 100, 200, 200), target)
    assert covers((101, 99, 199, 300), target)
    assert not covers((102, 100, 200, 200), target)
    assert not covers((100, 100, 200, 198), target)
