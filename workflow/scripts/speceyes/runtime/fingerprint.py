"""What code a result depends on: the script and every library module it imports, directly or not.

Snakemake notices edited scripts, not edited imports. Rules therefore carry this fingerprint as a
parameter: editing a figure re-runs no model, editing an agent re-runs what imports it.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "speceyes"
LIBRARY = Path(__file__).parents[1]


def _file_of(module: str) -> Path | None:
    """The source file of a library module, None for anything else."""
    parts = module.split(".")
    if parts[0] != PACKAGE:
        return None
    base = LIBRARY.joinpath(*parts[1:])
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@cache
def _imports(path: Path) -> frozenset[Path]:
    """Library files that a source file imports anywhere, function bodies included."""
    found: set[Path | None] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(_file_of(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(_file_of(node.module))
            found.update(_file_of(f"{node.module}.{alias.name}") for alias in node.names)
    return frozenset(file for file in found if file is not None)


def _sources(module: str) -> list[Path]:
    """The source of a module named at run time: the library's file, or all of the package that a user brings."""
    package = module.partition(".")[0]
    if package == PACKAGE:
        return [file] if (file := _file_of(module)) else []
    spec = find_spec(package)
    if spec is None or not (spec.has_location or spec.submodule_search_locations):
        return []
    folders = spec.submodule_search_locations
    return [path for folder in folders for path in Path(folder).rglob("*.py")] if folders else [Path(str(spec.origin))]


def closure(script: Path, modules: Iterable[str] = (), without: Iterable[str] = ()) -> list[Path]:
    """The script and all library files it needs, sorted; ``modules`` are named at run time (agents, readers).

    Of a module from outside the library every file of its package counts, and what they take from the library.
    Library modules named in ``without`` do not count, nor what only they import.
    """
    left_out = {file for module in without for file in _sources(module)}
    todo = [script, *(file for module in modules for file in _sources(module))]
    seen: set[Path] = set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo.extend(_imports(path) - left_out)
    return sorted(seen)


def fingerprint(script: Path, modules: Iterable[str] = (), without: Iterable[str] = ()) -> str:
    """A short hash over the contents of :func:`closure`."""
    digest = hashlib.sha256()
    for path in closure(script, modules, without):
        digest.update(path.read_bytes())
        digest.update(b"\0")
    return digest.hexdigest()[:16]
