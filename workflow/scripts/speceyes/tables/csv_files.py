"""CSV tables that come back as they were written: names stay text, empty text stays empty, counts stay whole."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype, is_string_dtype

from speceyes.runtime.atomic import whole

# Columns of names, which look like numbers or like missing values where a study chose such names.
TEXT = (
    *("agent", "benchmark", "split", "method", "metric", "system", "scorer", "variant", "source", "category"),
    *(
        "arrivals",
        "speedup_over",
        "compared_with",
        "first_difference",
        "sample_id",
        "image_id",
        "setting",
        "value",
        "sentence",
    ),
)
WHOLE = ("top_k", "batch_size")
FORMULA = tuple("=+-@\t\r'")  # what a spreadsheet takes for a formula, and the mark that keeps it from it
MARK = "'"


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table, moved into place when complete; missing values are empty cells, text is never a formula."""
    marked = {str(name): frame[name].map(_marked) for name in frame if not is_numeric_dtype(frame[name])}
    with whole(path) as part:
        frame.assign(**marked).to_csv(part, index=False)


def _marked(value: object) -> object:
    return MARK + value if isinstance(value, str) and value.startswith(FORMULA) else value


def read_csv(path: Path) -> pd.DataFrame:
    """Read a table written by :func:`write_csv`."""
    with path.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file), [])
    missing = {name: [""] for name in columns if name not in TEXT}
    frame = pd.read_csv(
        path, dtype=dict.fromkeys(TEXT, str), na_values=missing, keep_default_na=False, low_memory=False
    )
    text = {str(name): frame[name].str.removeprefix(MARK) for name in columns if is_string_dtype(frame[name])}
    whole = {name: frame[name].astype("Int64") for name in WHOLE if name in frame}
    return frame.assign(**text, **whole)
