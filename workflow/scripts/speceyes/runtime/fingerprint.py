"""What code a result depends on: what the script does, and every library module it imports, directly or not.

Snakemake notices edited scripts, not edited imports. Rules therefore carry this fingerprint as a
parameter: editing a figure re-runs no model, editing an agent re-runs what imports it.

A module counts by its meaning: its syntax tree without comments, formatting, docstrings and the
descriptions of configuration keys. The tree is written down in a form of its own rather than by
``ast.dump`` or ``ast.unparse``, whose output differs between Python versions. Two packages do not count:
nothing in ``runtime`` may change a result, and what ``study`` decides reaches a job as its parameters
and inputs, which Snakemake compares by itself.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGE = "speceyes"
LIBRARY = Path(__file__).parents[1]
UNCOUNTED = frozenset({"runtime", "study"})
# Part of every fingerprint. Raise it when the scheme itself changes: every result is then stale.
SCHEME = 2

_NOT_MEANING = frozenset({"type_comment", "kind"})  # of a syntax tree's fields
_DESCRIBES = "description"  # keyword of pydantic's Field


@dataclass(frozen=True, slots=True)
class Code:
    """What a rule runs: its script, and the modules that the script loads by name (agents, readers, engines).

    Library modules in ``without`` do not count, nor what only they import.
    """

    script: Path
    modules: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def meaning(tree: ast.Module) -> str:
    """What a module does, as text: equal for sources that differ in comments, docstrings and formatting alone."""
    return repr(_canonical(tree))


def _canonical(node: Any) -> Any:
    """A syntax tree as nested tuples, its empty fields left out: newer Pythons add fields."""
    if isinstance(node, ast.AST):
        kind = type(node)
        fields = [(name, getattr(node, name, None)) for name in kind._fields if name not in _NOT_MEANING]
        return (kind.__name__, *[(name, _canonical(value)) for name, value in fields if value not in (None, [])])
    if isinstance(node, list):
        return tuple([_canonical(item) for item in node if not _is_prose(item)])
    return repr(node)


def _is_prose(node: Any) -> bool:
    """A docstring or any other string that stands for itself, or the description of a configuration key."""
    if isinstance(node, ast.keyword):
        return node.arg == _DESCRIBES and isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _files_of(module: str) -> Iterator[Path]:
    """The source files of a library module and of the packages it lies in; none for any other module."""
    parts = module.split(".")
    if parts[0] != PACKAGE or UNCOUNTED.intersection(parts[1:2]):
        return
    base = LIBRARY
    for part in parts[1:]:
        base = base / part
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file():
                yield file


@dataclass(frozen=True, slots=True)
class _Source:
    """One source file: the library files that it imports, in function bodies too, and a hash of its meaning."""

    imports: frozenset[Path]
    digest: bytes


@cache
def _read(path: Path) -> _Source:
    modules, digest = _parsed(path.read_text(encoding="utf-8"))
    return _Source(frozenset(file for module in modules for file in _files_of(module)), digest)


@cache
def _parsed(source: str) -> tuple[frozenset[str], bytes]:
    """The modules that Python source imports, and a hash of its meaning."""
    tree = ast.parse(source)
    found: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found), hashlib.sha256(meaning(tree).encode()).digest()


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements within a module or statement; expressions, nine tenths of a tree, import nothing."""
    for blocks in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(node, blocks, ()):
            yield child
            yield from _statements(child)


def _sources(module: str) -> list[Path]:
    """The source of a module named at run time: the library's files, or all of the package that a user brings."""
    package = module.partition(".")[0]
    if package == PACKAGE:
        return list(_files_of(module))
    spec = find_spec(package)
    if spec is None or not (spec.has_location or spec.submodule_search_locations):
        return []
    folders = spec.submodule_search_locations
    return [path for folder in folders for path in Path(folder).rglob("*.py")] if folders else [Path(str(spec.origin))]


def closure(code: Code) -> list[Path]:
    """The script and all library files it needs, sorted.

    Of a module from outside the library every file of its package counts, and what they take from the library.
    """
    left_out = {file for module in code.without for file in [*_files_of(module)][-1:]}
    todo = [code.script, *(file for module in code.modules for file in _sources(module))]
    seen: set[Path] = set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo.extend(_read(path).imports - left_out)
    return sorted(seen)


@cache
def fingerprint(code: Code) -> str:
    """A short hash over the names and meanings of :func:`closure`."""
    digest = hashlib.sha256(f"scheme {SCHEME}\n".encode())
    for path in closure(code):
        digest.update(f"{path.stem}\n".encode())
        digest.update(_read(path).digest)
    return digest.hexdigest()[:16]
