"""Where every stored pass comes from: one row per table, read from the stamp inside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from speceyes.records.tables import read_provenance
from speceyes.tables.inputs import TableInputs

READS = ("draft", "agent", "corrected", "specreason", "corrected_specreason", "screen", "live", "verdicts")


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    tables = [path for name in READS for path in inputs.paths(name)]
    return provenance_table(tables, inputs.results)


def provenance_table(tables: Sequence[Path], results: Path) -> pd.DataFrame:
    """One row per table of records.

    Args:
        tables: Parquet files stamped by :func:`speceyes.runtime.provenance.provenance`.
        results: the study's folder; tables are named relative to it.

    Returns:
        ``table``, ``record``, when it was ``written``, ``device``, ``commit`` and whether it was
        ``dirty``, ``python``, one column ``input.<name>`` per fingerprinted input and one per package.
    """
    return pd.DataFrame([_row(table, results) for table in tables])


def _row(table: Path, results: Path) -> dict[str, Any]:
    stamp = read_provenance(table)
    git, device = stamp.get("git", {}), stamp.get("device", {})
    return {
        "table": str(table.relative_to(results)),
        "record": stamp.get("record", "Verdicts"),
        "written": stamp.get("written", ""),
        "device": device.get("name", ""),
        "commit": git.get("commit", ""),
        "dirty": git.get("dirty", ""),
        "python": stamp.get("python", ""),
        **{f"input.{name}": value for name, value in stamp.get("inputs", {}).items()},
        **stamp.get("packages", {}),
    }
