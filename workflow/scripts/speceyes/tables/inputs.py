"""What a table is made from: the files that its module names in ``READS``, and what the study says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from speceyes.tables.csv_files import read_csv
from speceyes.tables.table_settings import TableSettings


@dataclass(frozen=True, slots=True)
class TableInputs:
    """The named inputs of one table.

    Args:
        files: by name; a stage's name stands for the tables of all its passes.
        study: what the study says of itself.
        results: the study's folder.
    """

    files: Mapping[str, Sequence[Path]]
    study: TableSettings
    results: Path

    def paths(self, name: str) -> Sequence[Path]:
        """All files of a name."""
        return self.files[name]

    def path(self, name: str) -> Path:
        """The only file of a name."""
        (path,) = self.files[name]
        return path

    def csv(self, name: str) -> pd.DataFrame:
        """Another table for people."""
        return read_csv(self.path(name))

    def parquet(self, name: str) -> pd.DataFrame:
        """``answers`` or ``outcomes``."""
        return pd.read_parquet(self.path(name))
