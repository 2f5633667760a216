"""Times of a study's samples: read from its timing tables, and for samples that were not timed, estimated."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from speceyes.records.arrays import Floats
from speceyes.records.frames import read_frame
from speceyes.records.types import StepName, TimingRecord

_STEP = ["step", "variant", "batch"]
EPISODE_WORK = ("generated_tokens", "tool_calls")  # columns of agents' records: what their seconds depend on


def timings(tables: Iterable[Path]) -> pd.DataFrame:
    """Every measurement of some timing tables: sample_id and the fields of :class:`speceyes.records.types.Timed`."""
    parts = [read_frame([table], TimingRecord, ["times"]) for table in tables]
    rows = [
        timed | {"sample_id": sample_id}
        for part in parts
        for sample_id, text in part["times"].items()
        for timed in json.loads(text)
    ]
    columns = ["sample_id", *_STEP, "repeat", "latency_s", "status", "answer"]
    return pd.DataFrame(rows, columns=columns)


class Times:
    """Seconds per step, means over repeats, and over agents where several timed the same draft.

    Args:
        tables: timing tables, of one agent unless the draft's times alone are wanted.
    """

    def __init__(self, tables: Iterable[Path]) -> None:
        measured = timings(tables)
        self._known: dict[tuple[str, str, int], pd.Series] = {
            cast("tuple[str, str, int]", key): rows.groupby("sample_id")["latency_s"].mean()
            for key, rows in measured.groupby(_STEP)
        }

    def of(
        self, sample_ids: Sequence[str] | pd.Index | pd.Series, step: StepName, variant: str = "", batch: int = 0
    ) -> Floats:
        """Seconds per sample in the order given, NaN for samples that were not timed."""
        found = self._known.get((step, variant, batch))
        if found is None:
            return np.full(len(sample_ids), np.nan)
        seconds: Floats = found.reindex(pd.Index(sample_ids)).to_numpy(dtype=float)
        return seconds


def completed(seconds: Floats, work: Sequence[Floats] = ()) -> Floats:
    """Seconds of all samples: as measured, and where they were not, what their work takes in the timed samples.

    The estimate is a constant and so many seconds for each unit of each kind of work, none of them negative, by least
    squares over the timed samples (Lawson and Hanson 1974, chapter 23); docs/protocol.md says what a speedup is.

    Args:
        seconds: (samples,), NaN where a sample was not timed.
        work: amounts that all samples have, (samples,) each, such as generated tokens and tool calls.

    Returns:
        (samples,); NaN where nothing was timed.
    """
    timed = np.isfinite(seconds)
    if timed.all() or not timed.any():
        return seconds
    from scipy.optimize import nnls  # noqa: PLC0415 - a quarter of a second in every job that only reads times

    amounts = np.column_stack([np.ones(len(seconds)), *work]).astype(np.float64)
    scale = np.maximum(amounts[timed].max(axis=0), 1.0)  # tokens are hundreds, calls a few
    rates, _ = nnls(amounts[timed] / scale, seconds[timed])
    return np.where(timed, seconds, (amounts / scale) @ rates)


def completed_episodes(seconds: Floats, episodes: Mapping[str, npt.NDArray[Any]] | pd.DataFrame) -> Floats:
    """:func:`completed` for an agent's samples, whose records have the columns of :data:`EPISODE_WORK`."""
    return completed(seconds, [np.asarray(episodes[name]) for name in EPISODE_WORK])
