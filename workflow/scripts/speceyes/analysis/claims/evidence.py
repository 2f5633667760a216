"""What a study's tables say about one quantity in one place: an estimate with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from speceyes.analysis.bootstrap import ImageBootstrap
from speceyes.analysis.proportions import by_image, image_numbers, paired_difference
from speceyes.analysis.settings import StatisticsSettings
from speceyes.judging.scorers import SCORER
from speceyes.method.confidence import HEADLINE
from speceyes.records.arrays import Floats


@dataclass(frozen=True, slots=True)
class Evidence:
    """One estimate with its interval; NaN where the samples cannot tell.

    Args:
        quantity: what is measured, as a reader calls it.
        n: samples behind it.
    """

    agent: str
    benchmark: str
    split: str
    quantity: str
    estimate: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class ClaimTables:
    """The tables that claims are tested on.

    Args:
        settings: the settings table.
        outcomes: what happened to every sample, at the main batch size.
        batches: seconds of every sample at each batch size (agent, benchmark, image_id, batch_size, agent_s,
            latency_s), under the main table's setting of the paper's choice of metric.
        load: rows of :class:`speceyes.records.types.LoadRecord`; empty where no load was offered.
        top_k: K of the main table.
        statistics: how intervals are made.
    """

    settings: pd.DataFrame
    outcomes: pd.DataFrame
    batches: pd.DataFrame
    load: pd.DataFrame
    top_k: int
    statistics: StatisticsSettings

    @cached_property
    def points(self) -> pd.DataFrame:
        """The funnel's settings of the main table."""
        return self.settings[self.settings["main_table"] & (self.settings["method"] == "speceyes")]

    @property
    def metric(self) -> str:
        """The paper's choice, which its claims are about."""
        return HEADLINE

    def point(self, agent: str, benchmark: str, metric: str) -> float:
        """The main table's threshold."""
        rows = self.points
        rows = rows[(rows["agent"] == agent) & (rows["benchmark"] == benchmark) & (rows["metric"] == metric)]
        return float(rows["threshold"].iloc[0])

    def ablated(self, name: str, agent: str, benchmark: str) -> list[float]:
        """Values of ``threshold`` or ``top_k`` that were tried for the metric, rising."""
        rows = self.settings
        rows = rows[(rows["method"] == "speceyes") & (rows["metric"] == self.metric)]
        rows = rows[(rows["agent"] == agent) & (rows["benchmark"] == benchmark)]
        return sorted(float(value) for value in rows[name].unique())

    def by_benchmark(self) -> Iterator[tuple[str, str, pd.DataFrame]]:
        """Agent, benchmark and the outcomes of all its splits: one threshold serves them, and they share pictures."""
        for (agent, benchmark), rows in self.outcomes.groupby(["agent", "benchmark"], sort=False):
            yield str(agent), str(benchmark), rows

    def gated(self) -> Iterator[tuple[str, str, pd.DataFrame]]:
        """The same, if the study has the metric."""
        yield from self.by_benchmark() if self.has(self.metric) else ()

    def drafts(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Benchmark and the outcomes of its scored draft answers, which are the same for every agent."""
        first = self.outcomes["agent"].iloc[0]
        for agent, benchmark, rows in self.gated():
            if agent == first:
                yield benchmark, rows[rows[f"draft_{SCORER}"].notna()]

    def has(self, metric: str) -> bool:
        """Whether the study gates by a metric."""
        return metric in set(self.points["metric"])


def accuracy_difference(
    named: Mapping[str, str], rows: pd.DataFrame, one: Floats, other: Floats, level: float
) -> Evidence:
    """Accuracy of one system less another's on the samples that count for both.

    Args:
        named: agent, benchmark, split and quantity of the evidence.
        rows: the samples, with their images.
        one: (samples,), 1 right, 0 wrong, NaN unscored.
        other: the same of the other system.
        level: of the interval.
    """
    both = np.isfinite(one) & np.isfinite(other)
    images = image_numbers(rows["image_id"])
    won, lost, paired = (
        by_image((both & rows_of).astype(np.float64), images) for rows_of in (one > other, one < other, both)
    )
    found = paired_difference(won, lost, paired, level)
    return Evidence(
        **named, estimate=float(found.difference), low=float(found.low), high=float(found.high), n=int(both.sum())
    )


def ratio(
    named: Mapping[str, str], rows: pd.DataFrame, above: Floats, below: Floats, statistics: StatisticsSettings
) -> Evidence:
    """Ratio of two sums of seconds over the samples that have both, resampled by image; arguments as above."""
    known = np.isfinite(above) & np.isfinite(below)
    if not known.any() or below[known].sum() <= 0:
        return Evidence(**named, estimate=np.nan, low=np.nan, high=np.nan, n=0)
    bootstrap = ImageBootstrap(rows.loc[known, "image_id"].to_numpy(), statistics)
    low, high = bootstrap.interval(bootstrap.ratios(bootstrap.sums(above[known]), bootstrap.sums(below[known])))
    estimate = float(above[known].sum() / below[known].sum())
    return Evidence(**named, estimate=estimate, low=float(low), high=float(high), n=int(known.sum()))
