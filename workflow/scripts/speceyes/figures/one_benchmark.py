"""A figure of one benchmark alone, which fits one column of a page: drawn from that benchmark's rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from speceyes.figures.tables import Tables
from speceyes.tables.csv_files import read_csv, write_csv


def tables_of(tables: Tables, benchmark: str, folder: Path) -> dict[str, Path]:
    """Copies of a figure's tables with the rows of one benchmark.

    Args:
        tables: every one with a column ``benchmark``, as CSV or Parquet, by name.
        benchmark: as the study calls it.
        folder: that exists and takes the copies.
    """
    copies = {name: folder / path.name for name, path in tables.items()}
    for name, path in tables.items():
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
            frame[frame["benchmark"] == benchmark].to_parquet(copies[name])
        else:
            frame = read_csv(path)
            write_csv(frame[frame["benchmark"] == benchmark], copies[name])
    return copies
