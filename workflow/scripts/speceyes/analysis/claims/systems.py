"""Tests of what systems as wholes gain and cost: SpecEyes, SpecReason, and the agent itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from speceyes.analysis.bootstrap import ImageBootstrap
from speceyes.analysis.claims.evidence import ClaimTables, Evidence, accuracy_difference
from speceyes.analysis.funnel import FunnelOutcomes
from speceyes.judging.scorers import SCORER
from speceyes.method.confidence import METRICS
from speceyes.method.grid import SPECREASON
from speceyes.records.arrays import Floats

ALL = ""  # splits of a benchmark together


def speedup_of_speceyes(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Speedup over the agent, per agent, split and metric of the paper's, at the main table's settings."""
    rows = tables.points[tables.points["metric"].isin(METRICS)]
    return _speedups(rows, "speedup with " + rows["metric"])


def speedup_of_specreason(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Speedup of each variant of SpecReason over the agent, per agent and split."""
    rows = tables.settings[tables.settings["method"].isin(SPECREASON.values())]
    return _speedups(rows, "speedup of " + rows["method"])


def _speedups(rows: pd.DataFrame, quantities: pd.Series) -> Iterator[Evidence]:
    for (_, row), quantity in zip(rows.iterrows(), quantities, strict=True):
        yield Evidence(
            agent=str(row["agent"]),
            benchmark=str(row["benchmark"]),
            split=str(row["split"]),
            quantity=quantity,
            estimate=float(row["speedup"]),
            low=float(row["speedup_low"]),
            high=float(row["speedup_high"]),
            n=int(row["n"]),
        )


def accuracy_kept(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Accuracy of the funnel less the agent's at the main table's setting, per split and per benchmark."""
    for agent, benchmark, rows in tables.gated():
        threshold = tables.point(agent, benchmark, tables.metric)
        for split, own in _splits(rows):
            funnel = FunnelOutcomes(own, tables.top_k)
            kept = funnel.right(funnel.accepted(tables.metric, threshold))
            alone = own[f"agent_{SCORER}"].to_numpy(dtype=np.float64)
            named = {"agent": agent, "benchmark": benchmark, "split": split, "quantity": "accuracy less the agent's"}
            yield accuracy_difference(named, own, kept, alone, tables.statistics.level)


def _splits(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each split, and where there are several, all of them together."""
    splits = [(str(split), own) for split, own in rows.groupby("split", sort=False)]
    yield from splits
    if len(splits) > 1:
        yield ALL, rows


def seconds_per_tool_call(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Slope of the agent's seconds over its number of tool calls, per agent and benchmark, resampled by image."""
    for agent, benchmark, rows in tables.by_benchmark():
        timed = rows[rows["timed"]]
        calls, seconds = (timed[name].to_numpy(dtype=np.float64) for name in ("tool_calls", "agent_s"))
        slope, low, high = np.nan, np.nan, np.nan
        if len(np.unique(calls)) > 1:
            bootstrap = ImageBootstrap(timed["image_id"].to_numpy(), tables.statistics)
            moments = np.column_stack([np.ones_like(calls), calls, seconds, calls**2, calls * seconds])
            drawn = bootstrap.interval(_slope(bootstrap.totals(bootstrap.sums(moments))))
            slope, low, high = (float(value) for value in (_slope(moments.sum(axis=0)), *drawn))
        yield Evidence(agent, benchmark, ALL, "seconds per tool call", slope, low, high, len(timed))


def _slope(moments: Floats) -> Floats:
    """Least squares from (..., [1, x, y, x², xy]) sums; NaN where x does not vary."""
    count, x, y, xx, xy = np.moveaxis(moments, -1, 0)
    spread = count * xx - x**2
    with np.errstate(divide="ignore", invalid="ignore"):
        slope: Floats = np.where(spread > 0, (count * xy - x * y) / spread, np.nan)
    return slope
