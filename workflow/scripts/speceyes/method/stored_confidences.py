"""Confidences out of their table, in the order of the samples that ask for them; the table is never in memory whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from speceyes.records.arrays import Floats
from speceyes.records.types import RecordError

GROUPS_AT_ONCE = 64  # of some thousand rows each


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
    for start in range(0, file.num_row_groups, GROUPS_AT_ONCE):
        groups = range(start, min(start + GROUPS_AT_ONCE, file.num_row_groups))
        block = file.read_row_groups(list(groups)).to_pandas()
        codes, names = pd.factorize(block["sample_id"])  # each sample is looked up once, not once for every K
        places = sample_ids.get_indexer(pd.Index(names))[codes]
        for (metric, top_k), rows in block.assign(place=places)[places >= 0].groupby(["metric", "top_k"], sort=False):
            if (key := (str(metric), int(top_k))) not in found:
                found[key] = np.full(len(sample_ids), np.nan)
            found[key][rows["place"]] = rows["confidence"]
    for values in found.values():
        if np.isnan(values).any():
            absent = sample_ids[np.isnan(values)]
            raise RecordError(f"{path}: {len(absent)} of {len(sample_ids)} samples are missing, first {absent[0]}")
    return found
