"""The published repairs: which boxes are clamped and how, which format strings print more decimals."""

from __future__ import annotations

import ast

import pytest
from speceyes.sandbox.published_repairs import published_box, repair_as_published

SIZE = (400, 300)
SET_OF_LIST = "x = (lambda _iterable: {i for i in _iterable})((lambda _iterable: [j for j in _iterable])(a))"


def repaired(code: str) -> str:
    return ast.unparse(repair_as_published(code, "/in.jpg", "/protocol", "/out", lambda: SIZE))


@pytest.mark.parametrize(
    "box, clamped",
    [
        ((10, 20, 110, 140), (10, 20, 110, 140)),
        ((10, 20, 30, 40), (10, 20, 74, 84)),
        ((10, 20, 30, 140), (10, 20, 74, 140)),
        ((-5, -9, 100, 100), (0, 0, 100, 100)),
        ((110, 140, 10, 20), (10, 20, 110, 140)),
        ((200, 100, 900, 900), (200, 100, 400, 300)),
        ((390, 290, 395, 295), (390, 290, 400, 300)),
        ((10.9, 20.9, 110.9, 140.9), (10, 20, 110, 140)),
        ((0.1, 0.2, 0.5, 0.6), (0, 0, 64, 64)),
    ],
)
def test_a_box_is_clamped_and_grows_from_its_top_left_corner(box, clamped):
    assert published_box(box, SIZE) == clamped


@pytest.mark.parametrize(
    "code, expected",
    [
        ("box = (1, 2, 3, 4)", "box = (1, 2, 65, 66)"),
        ("a, b, c, d = (1, 2, 3, 4)", "a, b, c, d = (1, 2, 65, 66)"),
        ("colour = (-1, 900, 3.5, 4)", "colour = (0, 4, 64, 300)"),
        ("box = (1, 2, 3)", "box = (1, 2, 3)"),
        ("box = [1, 2, 3, 4]", "box = [1, 2, 3, 4]"),
        ("box = (a, 2, 3, 4)", "box = (a, 2, 3, 4)"),
        ("box = (1, 2, 3, True)", "box = (1, 2, 3, True)"),
        ("i.crop((1, 2, 3, 4))", "i.crop((1, 2, 3, 4))"),
        ("i.crop(box=(1, 2, 3, 4))", "i.crop(box=(1, 2, 3, 4))"),
    ],
)
def test_only_literal_tuples_of_four_with_a_name_are_boxes(code, expected):
    assert repaired(code) == expected


@pytest.mark.parametrize(
    "code, expected",
    [
        ("print(f'{x:.2f}')", "print(f'{x:.8f}')"),
        ("print(f'{x:10.0f} m')", "print(f'{x:10.8f} m')"),
        ("print('{:.3f}'.format(x))", "print('{:.8f}'.format(x))"),
        ("print('{a:.1f} and {b:.12f}'.format(a=1, b=2))", "print('{a:.8f} and {b:.12f}'.format(a=1, b=2))"),
        ("print('%.2f' % x)", "print('%.8f' % x)"),
        ("print('version 1.2f')", "print('version 1.2f')"),
        ("print(f'{n:d}')", "print(f'{n:d}')"),
    ],
)
def test_format_strings_print_at_least_eight_decimals(code, expected):
    assert repaired(code) == expected


@pytest.mark.parametrize(
    "code, expected",
    [
        ("image_path = '/x.png'", "image_path = '/in.jpg'"),
        ("other = '/x.png'", "other = '/x.png'"),
        ("Image.open('/x.png')", "Image.open('/x.png')"),
        ("part.save('/protocol/a.png')", "part.save('/out/a.png')"),
        ("cv.imread(image_path)", "cv2.imread(image_path)"),
        ("np.zeros(3)", "np.zeros(3)"),
        ("    x = 1\n    y = 2", "x = 1\ny = 2"),
    ],
)
def test_paths_prefixes_and_indentation_are_repaired_as_published(code, expected):
    assert repaired(code) == expected


@pytest.mark.parametrize(
    "code, expected",
    [
        ("x = [n * i for i in f(n)]", "x = (lambda _iterable: [n * i for i in _iterable])(f(n))"),
        ("x = {i for i in [j for j in a]}", SET_OF_LIST),
        ("def f():\n    return [i for i in a]", "def f():\n    return [i for i in a]"),
    ],
)
def test_comprehensions_at_the_top_have_a_scope_of_their_own(code, expected):
    assert repaired(code) == expected


def test_the_images_size_is_asked_for_only_where_there_is_a_box():
    def unasked() -> tuple[int, int]:
        raise AssertionError

    repair_as_published("x = (1, 2)", "/in.jpg", "/protocol", "/out", unasked)
