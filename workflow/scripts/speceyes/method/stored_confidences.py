"""Confidences out of their table, in the order of the samples that ask for them; the table is never in memory whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from speceyes.records.types import RecordError

Floats = npt.NDArray[np.float64]


def read_confidences(path: Path, sample_ids: pd.Index) -> dict[tuple[str, int], Floats]:
    """Confidences of these samples, in their order, by metric and K.

    Args:
        path: a table of :func:`speceyes.method.confidence.write_confidences`.
        sample_ids: samples that the table has; it may have more.

    Raises:
        RecordError: a sample is missing.
    """
    found: dict[tuple[str, int], Floats] = {}
    file = pq.ParquetFile(path)
    for group in range(file.num_row_groups):
        for (metric, top_k), rows in file.read_row_group(group).to_pandas().groupby(["metric", "top_k"], sort=False):
            values = found.setdefault((str(metric), int(top_k)), np.full(len(sample_ids), np.nan))
            places = sample_ids.get_indexer(pd.Index(rows["sample_id"]))
            values[places[places >= 0]] = rows["confidence"].to_numpy()[places >= 0]
    for values in found.values():
        if np.isnan(values).any():
            absent = sample_ids[np.isnan(values)]
            raise RecordError(f"{path}: {len(absent)} of {len(sample_ids)} samples are missing, first {absent[0]}")
    return found
