from __future__ import annotations

import ast
import contextlib
import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from speceyes.sandbox.repairs import (
    CROP_HELPER,
    MIN_CROP_SIDE,
    clamp_box,
    clamped_crop,
    name_opencv,
    repair,
    repair_indentation,
)

INPUT = "/data/input.jpg"
PROTOCOL = "/mnt/data/temp_processed_images"
OUTPUT = "/private/folder"


def repaired(code: str) -> str:
    return ast.unparse(repair(textwrap.dedent(code), INPUT, PROTOCOL, OUTPUT))


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        pytest.param("    a = 1\n    b = 2", "a = 1\nb = 2", id="all of it indented"),
        pytest.param("a = 1\n    b = 2\nc = 3", "a = 1\nb = 2\nc = 3", id="one line indented"),
        pytest.param("a = 1\n  if a:\n    b = 2\nc = 3", "a = 1\nif a:\n  b = 2\nc = 3", id="a block indented"),
        pytest.param("a = 1\n    b = 2\n    c = 3", "a = 1\nb = 2\nc = 3", id="the rest indented"),
        pytest.param("if True:\nb = 2\nc = 3", "if True:\n    b = 2\nc = 3", id="a body not indented"),
        pytest.param("if True:\n    a = 1\n  b = 2", "if True:\n    a = 1\n    b = 2", id="between two blocks"),
        pytest.param("if True:\n\ta = 1\n        b = 2", "if True:\n    a = 1\n    b = 2", id="tabs and spaces"),
    ],
)
def test_indentation_is_repaired(code: str, wanted: str) -> None:
    assert repair_indentation(code) == wanted


def test_good_code_keeps_its_indentation_and_its_text() -> None:
    code = "def f(a):\n  if a:\n      return 'x\ty'\n  return 1"
    assert ast.dump(ast.parse(repair_indentation(code))) == ast.dump(ast.parse(code))


def test_what_is_not_python_is_a_syntax_error() -> None:
    with pytest.raises(SyntaxError):
        repaired("I will crop the image:\n    to (1, 2, 3, 4)")


def test_indentation_that_no_shift_can_repair_ends() -> None:
    with pytest.raises(SyntaxError):
        repaired("    " + "\n".join(" " * (n % 7) + "if x:" for n in range(200)))


@given(st.text(alphabet="if x:\n\t =()", max_size=80))
def test_any_text_either_parses_or_is_a_syntax_error(text: str) -> None:
    with contextlib.suppress(SyntaxError):
        repair(text, INPUT, PROTOCOL, OUTPUT)


def test_cv_means_cv2() -> None:
    assert "cv2.imread(image_path)" in repaired("img = cv.imread(image_path)")


@pytest.mark.parametrize("binding", ["import cv2 as cv", "cv = load()", "def cv(): pass"])
def test_cv_bound_by_the_code_stays(binding: str) -> None:
    assert "cv.imread" in ast.unparse(name_opencv(ast.parse(f"{binding}\ncv.imread(p)")))


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("image_path = '/somewhere/else.png'", f"image_path = '{INPUT}'"),
        ("img = Image.open('image.jpg')", f"Image.open('{INPUT}')"),
        ("img = cv2.imread('image.jpg', 0)", f"cv2.imread('{INPUT}', 0)"),
        ("img = cv.imread('image.jpg')", f"cv2.imread('{INPUT}')"),
        ("img = Image.open(image_path)", "Image.open(image_path)"),
        (f"img = Image.open('{PROTOCOL}/a.png')", f"Image.open('{OUTPUT}/a.png')"),
        ("label = 'image.jpg'", "label = 'image.jpg'"),
    ],
)
def test_wrong_paths_point_to_the_input(code: str, wanted: str) -> None:
    assert wanted in repaired(code)


def test_the_output_folder_is_moved_wherever_it_is_named() -> None:
    code = f"""
        p = '{PROTOCOL}/a.png'
        q = f'{PROTOCOL}/{{n}}.png'
        print('saved to {PROTOCOL}/a.png')
    """
    assert repaired(code).count(OUTPUT) == 3


def test_missing_imports_are_added_and_others_left_alone() -> None:
    code = repaired("import numpy as np\nx = np.array(Image.open(image_path))\ny = math.floor(x.mean())")
    assert code.splitlines()[:3] == ["from PIL import Image", "import math", "import numpy as np"]


def test_a_name_that_the_code_binds_is_not_imported() -> None:
    assert "import" not in repaired("re = 3\nprint(re)")


def test_imports_stay_behind_those_from_the_future() -> None:
    assert repaired("from __future__ import annotations\nx = math.pi").splitlines()[1] == "import math"


def crop_in(code: str) -> Any:
    names: dict[str, Any] = {"image": Image.new("RGB", (400, 300)), CROP_HELPER: clamped_crop}
    exec(compile(repair(code, INPUT, PROTOCOL, OUTPUT), "code", "exec"), names)
    return names["crop"]


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ("(10, 20, 110, 220)", (100, 200)),
        ("(-50, -50, 100, 100)", (100, 100)),
        ("(300, 200, 900, 900)", (100, 100)),
        ("(200, 150, 210, 160)", (64, 64)),
        ("(5000, 5000, 6000, 6000)", (64, 64)),
        ("[110, 220, 10, 20]", (100, 200)),
        ("tuple(0.5 + i for i in (10, 10, 110, 110))", (100, 100)),
        ("None", (400, 300)),
    ],
)
def test_crops_are_clamped_where_they_happen(box: str, size: tuple[int, int]) -> None:
    assert crop_in(f"b = {box}\ncrop = image.crop(b)").size == size


@pytest.mark.parametrize(
    ("call", "size"),
    [
        ("image.crop(box=(390, 290, 900, 900))", (64, 64)),
        ("image.crop(box=None)", (400, 300)),
        ("image.crop()", (400, 300)),
    ],
)
def test_the_box_may_be_named_or_missing(call: str, size: tuple[int, int]) -> None:
    assert crop_in(f"crop = {call}").size == size


def test_the_image_cropped_sets_the_bounds_not_the_input() -> None:
    assert crop_in("crop = image.resize((4000, 3000)).crop((3000, 2000, 3900, 2900))").size == (900, 900)


def test_a_crop_of_something_else_is_left_alone() -> None:
    names = "class Field:\n    def crop(self, when):\n        return when\n"
    assert crop_in(names + "crop = Field().crop('autumn')") == "autumn"


coordinates = st.floats(-1e6, 1e6) | st.integers(-(10**6), 10**6)


@given(st.tuples(coordinates, coordinates, coordinates, coordinates), st.integers(1, 9000), st.integers(1, 9000))
def test_a_clamped_box_lies_inside_and_is_never_too_small(box: tuple[float, ...], width: int, height: int) -> None:
    left, top, right, bottom = clamp_box(box, width, height)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert right - left >= min(MIN_CROP_SIDE, width)
    assert bottom - top >= min(MIN_CROP_SIDE, height)
    assert clamp_box((left, top, right, bottom), width, height) == (left, top, right, bottom)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(64, 500), st.integers(64, 500))
def test_a_good_box_is_kept(x: int, y: int, width: int, height: int) -> None:
    assert clamp_box((x, y, x + width, y + height), 1000, 1000) == (x, y, x + width, y + height)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_box_without_numbers_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="pixel coordinates"):
        clamp_box((0, 0, bad, 10), 100, 100)
