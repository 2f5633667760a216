"""What a package's modules say they read, without importing them: Snakemake's own environment may lack their needs."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).parents[1]
READS = "READS"


@cache
def declared(package: str) -> dict[str, tuple[str, ...]]:
    """The names in ``READS`` of every module of a package that has one, by module.

    Args:
        package: ``tables`` or ``figures``.

    Raises:
        ValueError: a ``READS`` that is not written out as names.
    """
    return {
        path.stem: reads for path in sorted((LIBRARY / package).glob("*.py")) if (reads := _reads(path)) is not None
    }


def _reads(path: Path) -> tuple[str, ...] | None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [READS]:
            return tuple(ast.literal_eval(node.value))
    return None
