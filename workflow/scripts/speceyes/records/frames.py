"""Stage tables as data frames: a few columns of many records, without building record objects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from speceyes.records.tables import read_provenance
from speceyes.records.types import Record, RecordError


def read_frame(paths: Sequence[Path], kind: type[Record], columns: Sequence[str]) -> pd.DataFrame:
    """The shards of one stage under each other, indexed by ``sample_id``; wide columns stay on disk.

    Raises:
        RecordError: a file holds another record type, or a sample stands in the shards twice.
    """
    parts = []
    for path in paths:
        if (found := read_provenance(path).get("record")) != kind.__name__:
            raise RecordError(f"{path}: holds {found}, not {kind.__name__}")
        parts.append(pq.read_table(path, columns=["sample_id", *columns]).to_pandas())
    frame: pd.DataFrame = pd.concat(parts, ignore_index=True).set_index("sample_id")
    if frame.index.has_duplicates:
        twice = frame.index[frame.index.duplicated()][0]
        raise RecordError(f"{paths[0]}: sample {twice} stands twice in {len(paths)} shards")
    return frame
