"""The packages of the library: what each may import, without circles."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

LIBRARY = Path(__file__).parents[2] / "workflow" / "scripts" / "speceyes"
# A later floor may import from an earlier one, never the other way round; modules at the root stand by themselves.
FLOORS = (
    {"runtime"},
    {"records"},
    {"engines", "benchmarks", "sandbox"},
    {"agents", "judging", "miniature"},
    {"method", "downloads"},
    {"analysis"},
    {"tables"},
    {"figures", "pages", "study", "training"},
    {"evaluation"},
    {"commands"},
)


def imports() -> dict[str, set[str]]:
    """What each package, or module at the root, imports of the others."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in LIBRARY.rglob("*.py"):
        here = path.relative_to(LIBRARY).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            found[here] |= {name.split(".")[1] for name in names if name.startswith("speceyes.")} - {here}
    return {here: there for here, there in found.items() if here not in ("__init__", "__main__")}


def test_no_room_is_reached_from_what_it_imports():
    graph = imports()

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for there in graph.get(todo.pop(), set()) - seen:
                seen.add(there)
                todo.append(there)
        return seen

    assert {package for package in graph if package in reached(package)} == set()


def test_imports_point_one_way():
    floor = {package: number for number, packages in enumerate(FLOORS) for package in packages}
    upwards = {
        (here, there)
        for here, others in imports().items()
        for there in others
        if here in floor and there in floor and floor[there] >= floor[here]
    }
    assert upwards == set()


def test_every_room_has_a_floor_and_few_modules_lie_at_the_root():
    packages = {path.name for path in LIBRARY.iterdir() if (path / "__init__.py").exists()}
    assert packages == set().union(*FLOORS)
    assert len([path for path in LIBRARY.glob("[!_]*.py")]) <= 8
