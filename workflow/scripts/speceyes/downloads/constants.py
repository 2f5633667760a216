"""String constants and f-string templates of a Python file, read from its syntax tree; nothing is executed."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Sequence

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Text = str | list["Text"] | dict[str, "Text"]

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


class ConstantError(Exception):
    """A constant that is not there or is more than text; the message names it and the nearest ones."""


def read_constant(source: str, path: str) -> Text:
    """The text at a path such as ``PROMPTS.short.system`` or ``make_prompt.prompt``.

    A name leads into a function or class or to what is assigned to it (the last assignment counts),
    ``return`` to what a function returns; then dictionary keys and list positions follow. An
    f-string becomes a template with its variables' names in braces.

    Args:
        source: the file's text.
        path: names, keys and positions joined by dots.

    Raises:
        ConstantError: not Python, nothing at the path, or an expression that is not constant text.
    """
    try:
        scopes: list[Scope] = [ast.parse(source)]
        found: ast.expr | Scope | None = scopes[0]
        for step in path.split("."):
            found = _inside(found, step, scopes) if isinstance(found, ast.expr) else _find(scopes[-1], step)
            if found is None:
                raise ConstantError(f"no {path}; {_nearest(scopes[0], path)}")
            if not isinstance(found, ast.expr):
                scopes.append(found)
        if not isinstance(found, ast.expr):
            raise ConstantError(f"{path} is a function or class, not text; name one of its constants")
        return _evaluate(found, scopes)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ConstantError(f"{path}: not readable as Python ({error})") from error


def _statements(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Every statement of a scope, also inside its blocks, not inside inner functions and classes."""
    for node in body:
        yield node
        if not isinstance(node, _SCOPES):
            for block in _BLOCKS:
                yield from _statements(getattr(node, block, ()))


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr | Scope]]:
    """The names that a statement gives a meaning, with that meaning."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name, node
        case ast.Return(value=ast.expr() as value):
            yield "return", value
        case ast.Assign(targets=targets, value=value):
            yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value


def _find(scope: Scope, name: str) -> ast.expr | Scope | None:
    return dict(binding for node in _statements(scope.body) for binding in _bindings(node)).get(name)


def _named(name: str, scopes: Sequence[Scope]) -> ast.expr:
    for scope in reversed(scopes):
        found = _find(scope, name)
        if isinstance(found, ast.expr):
            return found
    raise ConstantError(f"{name} is not assigned in this file")


def _inside(value: ast.expr, step: str, scopes: Sequence[Scope]) -> ast.expr | None:
    if isinstance(value, ast.Name):
        return _inside(_named(value.id, scopes), step, scopes)
    if isinstance(value, ast.Dict):
        pairs = zip(value.keys, value.values, strict=True)
        return next((item for key, item in pairs if isinstance(key, ast.Constant) and str(key.value) == step), None)
    if isinstance(value, ast.List | ast.Tuple) and step.isdigit() and int(step) < len(value.elts):
        return value.elts[int(step)]
    return None


def _evaluate(value: ast.expr, scopes: Sequence[Scope]) -> Text:
    match value:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_template_part(part) for part in parts)
        case ast.Name(id=name):
            return _evaluate(_named(name, scopes), scopes)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_evaluate(item, scopes) for item in items]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _evaluate(left, scopes), _evaluate(right, scopes)
            if isinstance(first, str) and isinstance(second, str):
                return first + second
    raise ConstantError(f"line {value.lineno}: {ast.unparse(value)[:60]} is not constant text")


def _template_part(part: ast.expr) -> str:
    match part:
        case ast.Constant(value=str() as text):
            return text
        case ast.FormattedValue(value=ast.Name(id=name), conversion=-1, format_spec=None):
            return "{" + name + "}"
    raise ConstantError(f"line {part.lineno}: an f-string with more than plain names in braces")


def _nearest(module: Scope, path: str) -> str:
    """What else there is, nearest first."""
    known = list(_paths(module, ""))
    near = difflib.get_close_matches(path, known, n=5, cutoff=0.2) or known[:5]
    return f"nearest constants: {', '.join(near)}" if near else "the file holds no constants"


def _paths(scope: Scope, prefix: str) -> Iterator[str]:
    for node in _statements(scope.body):
        for name, value in _bindings(node):
            if isinstance(value, _SCOPES):
                yield from _paths(value, f"{prefix}{name}.")
            elif isinstance(value, ast.Constant | ast.JoinedStr | ast.Dict | ast.List):
                yield prefix + name
