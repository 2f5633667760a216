"""Small repairs of model-written image code, made before it runs (docs/protocol.md, Thyme protocol).

Only the standard library is imported: the repairs happen inside the sandbox, where hostile text
may be parsed.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence
from typing import Protocol

MIN_CROP_SIDE = 64
MAX_INDENT_REPAIRS = 20
CROP_HELPER = "_clamped_crop"

_OPENERS = {("Image", "open"), ("cv2", "imread")}
_IMPORTS = {
    "Image": "from PIL import Image",
    "ImageDraw": "from PIL import ImageDraw",
    "ImageEnhance": "from PIL import ImageEnhance",
    "ImageFilter": "from PIL import ImageFilter",
    "ImageOps": "from PIL import ImageOps",
    "PIL": "import PIL.Image",
    "cv2": "import cv2",
    "json": "import json",
    "math": "import math",
    "np": "import numpy as np",
    "numpy": "import numpy",
    "os": "import os",
    "random": "import random",
    "re": "import re",
}


class Croppable(Protocol):
    """What ``crop`` is called on: a PIL image, as far as the repair cares."""

    size: tuple[int, int]

    def crop(self, box: tuple[int, int, int, int]) -> object: ...


def repair(code: str, image_path: str, protocol_dir: str, output_dir: str) -> ast.Module:
    """The code's syntax tree after every repair.

    Args:
        code: model-written Python.
        image_path: where the one input image lies.
        protocol_dir: the output folder as the protocol names it.
        output_dir: the folder that stands for it here.

    Raises:
        SyntaxError: the code is not Python, however indented.
    """
    tree = ast.parse(repair_indentation(code))
    tree = name_opencv(tree)
    tree = point_to_input(tree, image_path, protocol_dir)
    tree = move_output(tree, protocol_dir, output_dir)
    tree = clamp_crops(tree)
    return ast.fix_missing_locations(add_imports(tree))


def repair_indentation(code: str) -> str:
    """The code with misplaced lines moved to where their block stands, until it parses or nothing helps."""
    if _parses(code):
        return code
    lines = textwrap.dedent(code.expandtabs(4)).strip("\n").splitlines()
    for _ in range(MAX_INDENT_REPAIRS):
        try:
            ast.parse("\n".join(lines))
        except IndentationError as error:
            if not _shift_line(lines, (error.lineno or 0) - 1):
                break
        except SyntaxError:
            break
        else:
            break
    return "\n".join(lines)


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


def _shift_line(lines: list[str], at: int) -> bool:
    """Move the misplaced line, and those that hang below it, to the indentation of the line before."""
    above = next((line for line in reversed(lines[: max(at, 0)]) if line.strip()), None)
    if not 0 <= at < len(lines) or above is None:
        return False
    if above.rstrip().endswith(":"):
        wanted, last = _indent(above) + 4, at + 1
    else:
        wanted, last = _indent(above), at
        while last < len(lines) and (not lines[last].strip() or _indent(lines[last]) >= _indent(lines[at])):
            last += 1
    shift = wanted - _indent(lines[at])
    if shift == 0:
        return False
    for row in range(at, last):
        lines[row] = " " * max(0, _indent(lines[row]) + shift) + lines[row].lstrip()
    return True


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def name_opencv(tree: ast.Module) -> ast.Module:
    """``cv.`` becomes ``cv2.``, unless the code itself binds ``cv``."""
    if "cv" not in _bound_names(tree):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "cv":
                node.value.id = "cv2"
    return tree


def point_to_input(tree: ast.Module, image_path: str, protocol_dir: str) -> ast.Module:
    """A literal path given to ``image_path`` or to an image reader becomes the input's; saved images keep theirs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(_is_name(target, "image_path") for target in node.targets):
            literals = [node.value]
        elif isinstance(node, ast.Call) and _dotted(node.func) in _OPENERS:
            literals = node.args[:1]
        else:
            continue
        for literal in literals:
            if isinstance(literal, ast.Constant) and isinstance(literal.value, str):
                literal.value = literal.value if literal.value.startswith(protocol_dir) else image_path
    return tree


def move_output(tree: ast.Module, protocol_dir: str, output_dir: str) -> ast.Module:
    """Wherever a string literal names the protocol's output folder, it names the real one instead."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = node.value.replace(protocol_dir, output_dir)
    return tree


def clamp_crops(tree: ast.Module) -> ast.Module:
    """``image.crop(box)`` becomes a call of the helper that clamps the box to the image cropped."""
    return _CropCalls().visit(tree)  # type: ignore[no-any-return]


class _CropCalls(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        boxes = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "box")]
        one_box = len(boxes) == 1 == len(node.args) + len(node.keywords)
        if not (isinstance(node.func, ast.Attribute) and node.func.attr == "crop" and one_box):
            return node
        return ast.Call(ast.Name(CROP_HELPER, ast.Load()), [node.func.value, *boxes], [])


def clamped_crop(image: Croppable, box: object) -> object:
    """What ``image.crop(box)`` means after the repair; anything but an image with four numbers is left alone."""
    size = getattr(image, "size", None)
    if not (isinstance(size, tuple) and len(size) == 2 and isinstance(box, (tuple, list)) and len(box) == 4):
        return image.crop(box)  # type: ignore[arg-type]
    return image.crop(clamp_box(box, *size))


def clamp_box(
    box: Sequence[float], width: int, height: int, min_side: int = MIN_CROP_SIDE
) -> tuple[int, int, int, int]:
    """The box (x1, y1, x2, y2 in pixels) inside the image, each side at least ``min_side`` or the image's own.

    Swapped corners are put in order; a short side grows around its middle.

    Raises:
        ValueError: a coordinate is not a finite number.
    """
    x1, y1, x2, y2 = box
    left, right = _clamp_span(x1, x2, width, min_side)
    top, bottom = _clamp_span(y1, y2, height, min_side)
    return left, top, right, bottom


def _clamp_span(a: float, b: float, length: int, min_side: int) -> tuple[int, int]:
    if not all(abs(end) < float("inf") for end in (a, b)):
        raise ValueError(f"crop box: {a}, {b} are not pixel coordinates")
    low, high = (min(max(round(end), 0), length) for end in sorted((a, b)))
    side = min(min_side, length)
    if high - low < side:
        low = min(max((low + high - side) // 2, 0), length - side)
        high = low + side
    return low, high


def add_imports(tree: ast.Module) -> ast.Module:
    """Imports in front for the protocol's libraries that the code uses and never binds."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    missing = sorted((used & _IMPORTS.keys()) - _bound_names(tree))
    at = 0
    while at < len(tree.body) and _stays_first(tree.body[at]):
        at += 1
    tree.body[at:at] = [statement for name in missing for statement in ast.parse(_IMPORTS[name]).body]
    return tree


def _stays_first(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _bound_names(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _dotted(node: ast.expr) -> tuple[str, str] | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.value.id, node.attr
    return None
