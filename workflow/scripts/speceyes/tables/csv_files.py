"""CSV tables that come back as they were written: empty text stays empty, counts stay whole."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

TEXT = ("agent", "benchmark", "split", "method", "metric", "system", "scorer")
WHOLE = ("top_k", "batch_size")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table, moved into place when complete; missing values are empty cells."""
    part = path.with_name(path.name + ".part")
    frame.to_csv(part, index=False)
    part.replace(path)


def read_csv(path: Path) -> pd.DataFrame:
    """Read a table written by :func:`write_csv`."""
    frame = pd.read_csv(path)
    text = {name: frame[name].fillna("").astype(str) for name in TEXT if name in frame}
    whole = {name: frame[name].astype("Int64") for name in WHOLE if name in frame}
    return frame.assign(**text, **whole)
