"""Tests of the ablations: threshold, K and batch size, one varied at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from speceyes.analysis.bootstrap import ImageBootstrap
from speceyes.analysis.claims.evidence import ClaimTables, Evidence, accuracy_difference, ratio
from speceyes.analysis.claims.systems import ALL
from speceyes.analysis.funnel import FunnelOutcomes
from speceyes.judging.scorers import SCORER
from speceyes.records.arrays import Floats, Mask


def speed_gained_by_threshold(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Speed at the lowest threshold over speed at the highest, per agent and benchmark."""
    for agent, benchmark, rows in tables.gated():
        thresholds = tables.ablated("threshold", agent, benchmark)
        funnel = FunnelOutcomes(rows, tables.top_k)
        fast, slow = (funnel.seconds(funnel.accepted(tables.metric, tau)) for tau in (thresholds[0], thresholds[-1]))
        quantity = f"speed at τ = {thresholds[0]:g} over speed at τ = {thresholds[-1]:g}"
        named = {"agent": agent, "benchmark": benchmark, "split": ALL, "quantity": quantity}
        yield ratio(named, rows, slow, fast, tables.statistics)


def accuracy_halfway_down(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Accuracy at the middle of the thresholds tried less the agent's, per agent and benchmark."""
    for agent, benchmark, rows in tables.gated():
        thresholds = tables.ablated("threshold", agent, benchmark)
        middle = thresholds[len(thresholds) // 2]
        funnel = FunnelOutcomes(rows, tables.top_k)
        kept = funnel.right(funnel.accepted(tables.metric, middle))
        alone = rows[f"agent_{SCORER}"].to_numpy(dtype=np.float64)
        quantity = f"accuracy at τ = {middle:g} less the agent's"
        named = {"agent": agent, "benchmark": benchmark, "split": ALL, "quantity": quantity}
        yield accuracy_difference(named, rows, kept, alone, tables.statistics.level)


class _OtherK(NamedTuple):
    """One agent's funnel on one benchmark, gated at the main threshold with another K than the main one.

    Args:
        main: (samples,), drafts accepted with the main K.
        other: (samples,), drafts accepted with ``top_k``.
    """

    agent: str
    benchmark: str
    funnel: FunnelOutcomes
    top_k: int
    main: Mask
    other: Mask

    def named(self, quantity: str) -> dict[str, str]:
        return {"agent": self.agent, "benchmark": self.benchmark, "split": ALL, "quantity": quantity}


def accuracy_moved_by_k(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Accuracy with each other K less that with the main one, at the main threshold, per agent and benchmark."""
    for k in _other_ks(tables):
        named = k.named(f"accuracy with K = {k.top_k} less with {tables.top_k}")
        right, main = k.funnel.right(k.other), k.funnel.right(k.main)
        yield accuracy_difference(named, k.funnel.rows, right, main, tables.statistics.level)


def speed_moved_by_k(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Speed with each other K over that with the main one, at the main threshold, per agent and benchmark."""
    for k in _other_ks(tables):
        named = k.named(f"speed with K = {k.top_k} over that with {tables.top_k}")
        yield ratio(named, k.funnel.rows, k.funnel.seconds(k.main), k.funnel.seconds(k.other), tables.statistics)


def _other_ks(tables: ClaimTables) -> Iterator[_OtherK]:
    for agent, benchmark, rows in tables.gated():
        funnel, threshold = FunnelOutcomes(rows, tables.top_k), tables.point(agent, benchmark, tables.metric)
        main = funnel.accepted(tables.metric, threshold)
        for top_k in map(int, tables.ablated("top_k", agent, benchmark)):
            if top_k != tables.top_k:
                other = funnel.accepted(tables.metric, threshold, top_k)
                yield _OtherK(agent, benchmark, funnel, top_k, main, other)


@dataclass(frozen=True, slots=True)
class _Batches:
    """Speedups of one agent on one benchmark at each batch size, rising, and what they may be by chance.

    Args:
        speedups: (sizes,).
        draws: resampled speedups, (resamples, sizes).
        n: samples.
    """

    agent: str
    benchmark: str
    sizes: list[int]
    speedups: Floats
    draws: Floats
    n: int
    bootstrap: ImageBootstrap

    def evidence(self, quantity: str, measure: Callable[[Floats], Floats]) -> Evidence:
        """A quantity of the speedups, (..., sizes), with its interval."""
        low, high = self.bootstrap.interval(measure(self.draws))
        place = (self.agent, self.benchmark, ALL)
        return Evidence(*place, quantity, float(measure(self.speedups)), float(low), float(high), self.n)


def speed_gained_by_batch(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Speed at the largest batch over speed at the smallest, per agent and benchmark with several batch sizes."""
    for batches in _batches(tables):
        quantity = f"speed at batch {batches.sizes[-1]} over speed at batch {batches.sizes[0]}"
        yield batches.evidence(quantity, _largest_over_smallest)


def _largest_over_smallest(speedups: Floats) -> Floats:
    """NaN where nothing is known of the smallest."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Floats = speedups[..., -1] / speedups[..., 0]
    return ratio


def flattening_over_batches(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Speedup gained per doubling of the batch, early less late, per agent and benchmark with three sizes or more."""
    for batches in _batches(tables):
        if len(batches.sizes) > 2:
            quantity = "speedup gained per doubling of the batch, early less late"
            yield batches.evidence(quantity, partial(_flattening, batches.sizes))


def _flattening(sizes: Sequence[int], speedups: Floats) -> Floats:
    middle, doublings = len(sizes) // 2, np.log2(sizes)
    early = (speedups[..., middle] - speedups[..., 0]) / (doublings[middle] - doublings[0])
    late = (speedups[..., -1] - speedups[..., middle]) / (doublings[-1] - doublings[middle])
    flattening: Floats = early - late
    return flattening


def _batches(tables: ClaimTables) -> Iterator[_Batches]:
    for (agent, benchmark), rows in tables.batches.groupby(["agent", "benchmark"], sort=False):
        seconds = rows.pivot(index="sample_id", columns="batch_size", values="latency_s").dropna()
        if seconds.shape[1] < 2 or seconds.empty:
            continue
        alone = rows.drop_duplicates("sample_id").set_index("sample_id").loc[seconds.index]
        bootstrap = ImageBootstrap(alone["image_id"].to_numpy(), tables.statistics)
        values = seconds.to_numpy(dtype=np.float64)
        baseline = np.broadcast_to(alone[["agent_s"]].to_numpy(dtype=np.float64), values.shape)
        yield _Batches(
            agent=str(agent),
            benchmark=str(benchmark),
            sizes=[int(size) for size in seconds.columns],
            speedups=baseline.sum(axis=0) / values.sum(axis=0),
            draws=bootstrap.ratios(bootstrap.sums(baseline), bootstrap.sums(values)),
            n=len(seconds),
            bootstrap=bootstrap,
        )
