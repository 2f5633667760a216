from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from speceyes.sandbox.images import ReturnedImage, ReturnedImageError, open_returned
from speceyes.sandbox.saved_images import UnusableImageError, decode, find_printed

SIZES = st.tuples(st.integers(1, 20), st.integers(1, 20))


def claims_of(sizes: list[tuple[int, int]]) -> list[ReturnedImage]:
    return [ReturnedImage(width=width, height=height) for width, height in sizes]


@given(st.lists(SIZES, max_size=4))
def test_every_image_takes_its_own_bytes(sizes: list[tuple[int, int]]) -> None:
    claims = claims_of(sizes)
    colors = [(10 * row, 100, 200) for row in range(len(claims))]
    blob = b"".join(bytes(color) * (c.width * c.height) for color, c in zip(colors, claims, strict=True))
    images = open_returned(claims, memoryview(blob), max_images=4, max_pixels=1600)
    assert [(image.mode, image.size) for image in images] == [("RGB", (c.width, c.height)) for c in claims]
    assert [image.getpixel((0, 0)) for image in images] == colors


@pytest.mark.parametrize(
    ("sizes", "received", "complaint"),
    [
        ([(1, 1)] * 3, 9, "more than 2 images"),
        ([(10, 10), (1, 1)], 303, "more than 100 pixels"),
        ([(10**9, 10**9)], 0, "more than 100 pixels"),
        ([(2, 2)], 11, "spoiled"),
        ([(2, 2)], 13, "spoiled"),
        ([], 1, "spoiled"),
    ],
)
def test_claims_are_held_against_bounds_and_bytes(sizes: list[tuple[int, int]], received: int, complaint: str) -> None:
    with pytest.raises(ReturnedImageError, match=complaint):
        open_returned(claims_of(sizes), memoryview(bytes(received)), max_images=2, max_pixels=100)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_saved_images_are_decoded_in_the_accepted_formats(tmp_path: Path, suffix: str, mode: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.new("RGB", (30, 20), "white").convert(mode).convert("RGB" if suffix in {"jpg", "webp"} else mode).save(path)
    (pixels,) = decode([str(path)], max_pixels=600)
    assert pixels[:2] == (30, 20)
    assert set(pixels.data) == {255}


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGBA", (4, 4), (0, 0, 0, 0)),
        Image.new("LA", (4, 4), (0, 0)),
        Image.fromarray(np.full((4, 4), 65535, dtype=np.uint16)),
    ],
    ids=["RGBA", "LA", "16 bits"],
)
def test_saved_images_follow_the_rule_of_all_pictures(tmp_path: Path, image: Image.Image) -> None:
    image.save(tmp_path / "a.png")
    (pixels,) = decode([str(tmp_path / "a.png")], max_pixels=600)
    assert set(pixels.data) == {255}


def test_pixels_are_counted_over_all_images_before_any_is_decoded(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (30, 20)).save(file, "PNG")
    for name, content in (("whole.png", file.getvalue()), ("damaged.png", file.getvalue()[:50])):
        (tmp_path / name).write_bytes(content)
    paths = [str(tmp_path / "damaged.png"), str(tmp_path / "whole.png")]
    with pytest.raises(UnusableImageError, match="more than 1199 pixels"):
        decode(paths, max_pixels=1199)
    with pytest.raises(UnusableImageError, match="damaged"):
        decode(paths, max_pixels=1200)


@pytest.mark.parametrize(
    ("printed", "text", "found"),
    [
        ("{0}/a.png", "", ["a.png"]),
        ("a.png", "", ["a.png"]),
        ("  {0}/a.png \nred", "red", ["a.png"]),
        ("saved: {0}/b c.png", "saved: {0}/b c.png", []),
        ("{0}/b c.png", "", ["b c.png"]),
        ("see {0}/a.png, {0}/a.png.", "see {0}/a.png, {0}/a.png.", ["a.png"]),
        ("{0}/none.png", "{0}/none.png", []),
        ("{0}/../secret.png", "{0}/../secret.png", []),
        ("{0}/link.png", "{0}/link.png", []),
        ("{0}", "{0}", []),
        ("", "", []),
    ],
)
def test_only_files_of_the_output_folder_are_found(tmp_path: Path, printed: str, text: str, found: list[str]) -> None:
    output = tmp_path / "output"
    output.mkdir()
    for file in (output / "a.png", output / "b c.png", tmp_path / "secret.png"):
        file.touch()
    (output / "link.png").symlink_to(tmp_path / "secret.png")
    kept, paths = find_printed(printed.format(output), str(output))
    assert (kept, [Path(path).name for path in paths]) == (text.format(output), found)
