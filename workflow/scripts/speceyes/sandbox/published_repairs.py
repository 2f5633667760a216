"""The repairs that the paper's code makes before it runs model-written code (docs/protocol.md, rules T6 to T8).

Only the standard library is imported, as in :mod:`speceyes.sandbox.repairs`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence

from speceyes.sandbox.repairs import MIN_CROP_SIDE, move_output, name_opencv, repair_indentation

DECIMALS = 8
_PRECISION = re.compile(r"\.(\d+)f")
_PLACEHOLDER = re.compile(r"(\{[^{}]*:[^{}]*\.)(\d+)(f\})|(%[-+ #0]*\d*\.)(\d+)(f)")

Size = tuple[int, int]


def repair_as_published(
    code: str, image_path: str, protocol_dir: str, output_dir: str, image_size: Callable[[], Size]
) -> ast.Module:
    """The code's syntax tree after the published repairs.

    Args:
        code: model-written Python.
        image_path: where the one input image lies.
        protocol_dir: the output folder as the protocol names it.
        output_dir: the folder that stands for it here.
        image_size: width and height of the input, asked for only where a box is to be clamped.

    Raises:
        SyntaxError: the code is not Python, however indented.
    """
    tree = name_opencv(ast.parse(repair_indentation(code)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            _point_to_input(node, image_path)
            _clamp_box(node, image_size)
    tree = _OwnScopes().visit(_MoreDecimals().visit(tree))
    return ast.fix_missing_locations(move_output(tree, protocol_dir, output_dir))


def _point_to_input(node: ast.Assign, image_path: str) -> None:
    """A literal that is assigned to ``image_path`` becomes the input's; one that is opened directly stays wrong."""
    named = any(isinstance(target, ast.Name) and target.id == "image_path" for target in node.targets)
    if named and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        node.value.value = image_path


def _clamp_box(node: ast.Assign, image_size: Callable[[], Size]) -> None:
    """Any literal tuple of four numbers that is assigned is taken for a box: T6."""
    if not isinstance(node.value, ast.Tuple) or len(node.value.elts) != 4:
        return
    try:
        numbers = ast.literal_eval(node.value)
    except ValueError:
        return
    if all(type(number) in (int, float) for number in numbers):
        node.value.elts = [ast.Constant(number) for number in published_box(numbers, image_size())]


def published_box(box: Sequence[float], size: Size) -> tuple[int, int, int, int]:
    """The box inside the image, corners in order; a short side grows from the top left corner as far as it can."""
    left, right = _span(box[0], box[2], size[0])
    top, bottom = _span(box[1], box[3], size[1])
    return left, top, right, bottom


def _span(a: float, b: float, length: int) -> tuple[int, int]:
    start, end = (int(min(max(at, 0), length)) for at in sorted((a, b)))
    return start, min(max(end, start + MIN_CROP_SIDE), length)


class _MoreDecimals(ast.NodeTransformer):
    """Format strings print at least eight decimals: T7."""

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.format_spec, ast.JoinedStr):
            for part in node.format_spec.values:
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    part.value = _PRECISION.sub(lambda found: f".{_more(found[1])}f", part.value)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str):
            node.value = _PLACEHOLDER.sub(_raised, node.value)
        return node


class _OwnScopes(ast.NodeTransformer):
    """Comprehensions at the top have a scope of their own, as they had before Python 3.12: T8 rests on it."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        return self._in_a_function(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        return self._in_a_function(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        return self._in_a_function(node)

    def _in_a_function(self, node: ast.ListComp | ast.SetComp | ast.DictComp) -> ast.AST:
        """The comprehension in a lambda that is handed its first iterable, which alone is evaluated outside."""
        first = node.generators[0]
        iterable = self.visit(first.iter)
        first.iter = ast.Name("_iterable", ast.Load())
        parameters = ast.arguments([], [ast.arg("_iterable")], None, [], [], None, [])
        return ast.Call(ast.Lambda(parameters, node), [iterable], [])


def _raised(found: re.Match[str]) -> str:
    before, digits, after = (part for part in found.groups() if part is not None)
    return f"{before}{_more(digits)}{after}"


def _more(digits: str) -> int:
    return max(int(digits), DECIMALS)
