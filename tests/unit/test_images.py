import math
import os
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from official_forms import png_of_size
from PIL import Image, ImageOps
from qwen_source import vision_process
from speceyes.images import (
    MAX_PIXELS,
    ImageError,
    ImageSettings,
    Pictures,
    SharedPictures,
    fit,
    fitted_size,
    open_image,
    plain_file,
)


@pytest.fixture(scope="module")
def qwen_vl_utils() -> ModuleType:
    return vision_process()


@given(width=st.integers(1, 9000), height=st.integers(1, 9000), factor=st.sampled_from([28, 32]))
def test_size_rule_equals_qwen_vl_utils(qwen_vl_utils, width, height, factor):
    assume(max(width, height) / min(width, height) <= 200)
    settings = ImageSettings(factor=factor, min_pixels=4 * factor**2, max_pixels=16384 * factor**2)
    theirs = qwen_vl_utils.smart_resize(height, width, factor=factor)
    assert fitted_size(width, height, settings) == theirs[::-1]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_pixels_equal_qwen_vl_utils(qwen_vl_utils, mode):
    image = Image.effect_noise((101, 75), 80).convert("RGB")
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    else:
        image = image.convert(mode)
    theirs = qwen_vl_utils.fetch_image({"image": image})
    ours = fit(image, ImageSettings())
    assert ours.mode == "RGB"
    assert ours.tobytes() == theirs.tobytes()


@given(width=st.integers(1, 5000), height=st.integers(1, 5000), largest=st.integers(28 * 28 * 4, 512 * 512))
def test_fitted_sizes_are_on_the_grid_and_stay_there(width, height, largest):
    settings = ImageSettings(max_pixels=largest)
    size = fitted_size(width, height, settings)
    assert size[0] % 28 == size[1] % 28 == 0
    assert min(size) >= 28
    if math.prod(size) <= largest and math.prod(size) >= settings.min_pixels:
        assert fitted_size(*size, settings) == size


def test_an_image_that_fits_is_not_resampled():
    image = Image.effect_noise((56, 84), 80).convert("RGB")
    assert fit(image, ImageSettings()).tobytes() == image.tobytes()


@given(
    sides=st.tuples(st.integers(1, 5_000_000), st.integers(1, 5_000_000)),
    factor=st.integers(1, 64),
    cells=st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)),
)
@example(sides=(1, 20_000), factor=28, cells=(4, 16384))
@example(sides=(1, 4_000_000), factor=28, cells=(4, 16384))
@example(sides=(4_000_000, 1), factor=32, cells=(4, 16384))
@example(sides=(3, 3), factor=28, cells=(5, 5))
def test_no_shape_exceeds_the_area_bound(sides, factor, cells):
    least, most = sorted(count * factor**2 for count in cells)
    settings = ImageSettings(factor=factor, min_pixels=least, max_pixels=most)
    width, height = fitted_size(*sides, settings)
    assert width % factor == height % factor == 0
    assert min(width, height) >= factor
    assert width * height <= most


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1), (1, 4_000_000)])
def test_a_thread_of_a_picture_is_fitted(size):
    assert math.prod(fit(Image.new("L", size), ImageSettings()).size) <= ImageSettings().max_pixels


@pytest.mark.parametrize("bounds", [{"max_pixels": 783}, {"min_pixels": 4000, "max_pixels": 3999}])
def test_bounds_that_no_size_keeps_are_refused(bounds):
    with pytest.raises(ValueError, match="max_pixels"):
        ImageSettings(**{"min_pixels": 1, **bounds})


def stored(path, image, form, **options):
    image.save(path, form, **options)
    return path


def test_sixteen_bit_greys_are_scaled(tmp_path):
    ramp = np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)
    image = open_image(stored(tmp_path / "deep.png", Image.fromarray(ramp), "PNG"))
    assert image.mode == "RGB"
    assert np.array_equal(np.asarray(image)[:, :, 0], np.arange(256).reshape(16, 16))


def two_colours(mode):
    """Red on the left, nothing on the right."""
    image = Image.new("RGBA", (4, 2), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (2, 0, 4, 2))
    return image.convert(mode)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_transparent_colours_become_white(tmp_path, form):
    image = open_image(stored(tmp_path / "x", two_colours("RGBA"), form, lossless=True))
    assert (image.getpixel((0, 0)), image.getpixel((3, 1))) == ((255, 0, 0), (255, 255, 255))


def test_transparent_greys_become_white(tmp_path):
    image = open_image(stored(tmp_path / "x", two_colours("LA"), "PNG"))
    assert (image.getpixel((0, 0)), image.getpixel((3, 1))) == ((76, 76, 76), (255, 255, 255))


@pytest.mark.parametrize(
    ("image", "transparency"),
    [
        (Image.new("P", (2, 2), 0), 0),
        (Image.new("P", (2, 2), 0), bytes([0, 255])),
        (Image.new("L", (2, 2), 7), 7),
        (Image.new("RGB", (2, 2), (1, 2, 3)), (1, 2, 3)),
        (Image.new("1", (2, 2), 0), 0),
    ],
)
def test_a_colour_declared_transparent_becomes_white(tmp_path, image, transparency):
    path = stored(tmp_path / "x.png", image, "PNG", transparency=transparency)
    assert open_image(path).getpixel((0, 0)) == (255, 255, 255)


def test_a_palette_that_is_half_transparent_is_blended_with_white(tmp_path):
    image = Image.new("P", (2, 2), 0)
    image.putpalette([0, 0, 0, 200, 0, 0])
    assert open_image(stored(tmp_path / "x.png", image, "PNG", transparency=bytes([128, 255]))).getpixel((0, 0)) == (
        127,
        127,
        127,
    )


def test_print_colours_and_single_bits_are_read(tmp_path):
    cyan = open_image(stored(tmp_path / "x.jpg", Image.new("CMYK", (16, 16), (255, 0, 0, 0)), "JPEG"))
    red, _, blue = cyan.getpixel((4, 4))
    assert red < 30
    assert blue > 200
    assert open_image(stored(tmp_path / "x.png", Image.new("1", (4, 4), 1), "PNG")).getpixel((0, 0)) == (255,) * 3


@pytest.mark.parametrize("form", ["PNG", "WEBP", "MPO"])
def test_of_several_frames_the_first_is_seen(tmp_path, form):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    path = stored(tmp_path / "x", frames[0], form, save_all=True, append_images=frames[1:])
    red, _, blue = open_image(path).getpixel((8, 8))
    assert red > 200
    assert blue < 50


def turned(path, orientation=6, form="JPEG"):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return stored(path, Image.new("RGB", (32, 16), "red"), form, exif=exif)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_prompt_and_code_see_one_orientation(tmp_path, orientation, form):
    path = turned(tmp_path / "x", orientation, form)
    assert open_image(path).size == (32, 16)
    with plain_file(path) as plain:
        assert cv2.imread(str(plain)).shape == (16, 32, 3)
        assert ImageOps.exif_transpose(Image.open(plain)).size == (32, 16)
    assert not plain.exists()


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(np.full((4, 4), 40_000, dtype=np.uint16)),
        two_colours("RGBA"),
        two_colours("LA"),
        two_colours("RGBA").quantize(8),
    ],
    ids=["16 bits", "RGBA", "LA", "palette"],
)
def test_libraries_agree_on_a_plain_file(tmp_path, image):
    path = stored(tmp_path / "x.png", image, "PNG")
    with plain_file(path) as plain:
        assert np.array_equal(cv2.imread(str(plain))[:, :, ::-1], np.asarray(open_image(path)))
        assert Image.open(plain).mode == "RGB"


@pytest.mark.parametrize("cut", [1, 8, 12])
def test_libraries_agree_on_a_png_whose_end_is_missing(tmp_path, cut):
    path = stored(tmp_path / "x.png", Image.new("RGB", (8, 8), "red"), "PNG")
    path.write_bytes(path.read_bytes()[:-cut])
    with plain_file(path) as plain:
        assert np.array_equal(cv2.imread(str(plain))[:, :, ::-1], np.asarray(open_image(path)))


@pytest.mark.parametrize(("mode", "form"), [("RGB", "JPEG"), ("L", "JPEG"), ("RGB", "PNG"), ("RGB", "WEBP")])
def test_an_ordinary_file_is_passed_on_as_it_is(tmp_path, mode, form):
    path = stored(tmp_path / "x", Image.new(mode, (8, 8)), form)
    with plain_file(path) as plain:
        assert plain == path


def test_what_is_no_picture_is_passed_on_as_it_is(tmp_path):
    (tmp_path / "x").write_bytes(b"text")
    with plain_file(tmp_path / "x") as plain:
        assert plain == tmp_path / "x"


def test_a_truncated_file_is_one_clear_error(tmp_path):
    Image.effect_noise((64, 64), 80).save(tmp_path / "whole.png")
    broken = tmp_path / "broken.png"
    broken.write_bytes((tmp_path / "whole.png").read_bytes()[:300])
    with pytest.raises(ImageError, match=r"broken\.png: cannot be decoded .*damaged, download it again"):
        open_image(broken)
    with pytest.raises(ImageError, match=r"missing\.png: No such file"):
        open_image(tmp_path / "missing.png")


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "no picture"), (b"<html>", "no picture"), (b"P6 1 1 255 abc", "format PPM")]
)
def test_what_is_no_picture_of_ours_is_one_clear_error(tmp_path, content, message):
    (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(ImageError, match=message):
        open_image(tmp_path / "x.jpg")


@pytest.mark.parametrize(("make", "kind"), [(Path.mkdir, "a folder"), (os.mkfifo, "a named pipe")])
def test_a_folder_or_pipe_under_a_pictures_name_is_refused_at_once(tmp_path, make, kind):
    make(tmp_path / "x.jpg")
    with pytest.raises(ImageError, match=f"{kind}, not a file"):
        open_image(tmp_path / "x.jpg")


def test_a_file_name_with_control_characters_is_shown_escaped(tmp_path):
    with pytest.raises(ImageError, match=r"a\\x1b\[31m\.png"):
        open_image(tmp_path / "a\x1b[31m.png")


@pytest.mark.parametrize("size", [(13_500, 13_500), (30_000, 6_000)])
def test_a_picture_too_large_says_so_with_the_limit(tmp_path, size):
    path = tmp_path / "x.png"
    path.write_bytes(png_of_size(*size))
    with pytest.raises(ImageError, match=r"too large.* limit is 178956970"):
        open_image(path)


def test_the_limit_is_where_pillow_refuses_too():
    assert MAX_PIXELS == 2 * Image.MAX_IMAGE_PIXELS


def test_pictures_are_decoded_anew_whenever_they_are_opened(tmp_path):
    stored(tmp_path / "a.png", two_colours("RGB"), "PNG")
    pictures = Pictures(tmp_path)
    first, second = pictures.open("a.png"), pictures.open("a.png")
    assert first is not second
    assert np.array_equal(first, second)


def test_shared_pictures_are_decoded_once_while_in_use(tmp_path):
    for name in ("a.png", "b.png"):
        stored(tmp_path / name, two_colours("RGB"), "PNG")
    pictures = SharedPictures(tmp_path)
    first, other = pictures.open("a.png"), pictures.open("b.png")
    assert pictures.open("a.png") is first
    assert other is not first
    stored(tmp_path / "a.png", Image.new("RGB", (3, 5)), "PNG")
    assert pictures.open("a.png") is first
    del first
    assert pictures.open("a.png").size == (3, 5)


def test_shared_pictures_that_cannot_be_read_are_named_each_time(tmp_path):
    (tmp_path / "torn.png").write_bytes(b"no picture")
    pictures = SharedPictures(tmp_path)
    for _ in range(2):
        with pytest.raises(ImageError, match=r"torn\.png"):
            pictures.open("torn.png")
