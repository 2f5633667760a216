"""The data dictionary of a study's tables: for people in Markdown, for programs as a Frictionless data package."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from speceyes.runtime.atomic import whole, write_whole
from speceyes.tables.columns import Column, column
from speceyes.tables.csv_files import read_csv

SAMPLE_TABLES = {
    "answers": ("answers", "Every answer of every pass, with what both scorers say of it."),
    "outcomes": ("outcomes", "What happened to every sample with each agent at the main batch size."),
}
INTRODUCTION = """\
# Tables of {study}

Every CSV is UTF-8 with one header line. A missing number is an empty cell; names are text, also `01`, `1.10` and `NA`.
Text that a spreadsheet would take for a formula has an apostrophe before it, as has text that starts with one:
`speceyes.tables.csv_files.read_csv` takes it away. A share lies between 0 and 1. Tables with a Parquet file beside the
CSV hold the same rows there, typed. `datapackage.json` says all of this to programs.
"""


@dataclass(frozen=True, slots=True)
class Described:
    """One table with its columns."""

    path: Path
    title: str
    words: str
    columns: Mapping[str, Column]

    @classmethod
    def of(cls, path: Path, title: str, words: str) -> Described:
        """A table, by the columns that its file has.

        Raises:
            UnknownColumnError: a column is described nowhere.
        """
        return cls(path, title, words, {name: column(path.stem, name) for name in _names(path)})


def _names(path: Path) -> list[str]:
    if path.suffix == ".parquet":
        return list(pq.read_schema(path).names)
    return list(pd.read_csv(path, nrows=0).columns)


def as_markdown(study: str, tables: Sequence[Described]) -> str:
    """The dictionary for people."""
    return "\n".join([INTRODUCTION.format(study=study), *map(_section, tables)])


def _section(table: Described) -> str:
    rows = [
        f"| `{name}` | {one.kind} | {one.unit} | {one.range} | {one.meaning} |" for name, one in table.columns.items()
    ]
    words = " ".join(table.words.split())
    head = ["| column | type | unit | range | meaning |", "|---|---|---|---|---|"]
    return "\n".join([f"## {table.path.name}: {table.title}\n", f"{words}\n", *head, *rows, ""])


def as_data_package(study: str, tables: Sequence[Described]) -> dict[str, Any]:
    """The dictionary as https://specs.frictionlessdata.io/data-package has it; units stand beside the types."""
    return {"profile": "data-package", "name": study.lower(), "resources": [_resource(table) for table in tables]}


def _resource(table: Described) -> dict[str, Any]:
    return {
        "name": table.path.stem.lower(),
        "path": table.path.name,
        "title": table.title,
        "description": " ".join(table.words.split()),
        "format": table.path.suffix.removeprefix("."),
        "schema": {"fields": [_field(name, one) for name, one in table.columns.items()], "missingValues": [""]},
    }


def _field(name: str, one: Column) -> dict[str, Any]:
    limits = {"minimum": one.low, "maximum": one.high}
    constraints = {limit: value for limit, value in limits.items() if value is not None}
    plain = {"name": name, "type": one.kind, "description": one.meaning}
    return plain | ({"unit": one.unit} if one.unit else {}) | ({"constraints": constraints} if constraints else {})


def write_dictionary(study: str, tables: Sequence[Described], markdown: Path, package: Path) -> None:
    """Write both forms."""
    write_whole(markdown, as_markdown(study, tables))
    write_whole(package, json.dumps(as_data_package(study, tables), indent=1, ensure_ascii=False))


def write_parquet(table: Path, beside: Path) -> None:
    """A CSV table again, typed and compressed."""
    with whole(beside) as part:
        read_csv(table).to_parquet(part, index=False)
