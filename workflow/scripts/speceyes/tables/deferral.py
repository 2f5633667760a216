"""Deferral curves: accuracy against the share of samples handed to the agent, least confident first.

The whole split is gated (no screening), so that the curves compare confidences alone. Equally
confident samples are deferred in random order, of which the curves show the expectation. Beside
every metric stand ``random`` (any order, in expectation a straight line) and ``oracle`` (first the
samples that the agent wins, last those that it loses).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from speceyes.analysis.outcomes import confidence_column
from speceyes.analysis.proportions import by_image, image_numbers, proportion_interval
from speceyes.analysis.settings import StatisticsSettings
from speceyes.judging.scorers import SCORER_NAMES
from speceyes.records.arrays import Counts, Floats
from speceyes.tables.inputs import TableInputs

READS = ("outcomes",)

SHARES: Floats = np.linspace(0.0, 1.0, 51)
COLUMNS = [
    *("agent", "benchmark", "split", "scorer", "metric", "deferred"),
    *("accuracy", "accuracy_low", "accuracy_high", "selective_accuracy", "n"),
]


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    study = inputs.study
    return deferral_curves(inputs.parquet("outcomes"), study.metrics, study.main_top_k, study.statistics)


def deferral_curves(
    outcomes: pd.DataFrame, metrics: Sequence[str], top_k: int, settings: StatisticsSettings
) -> pd.DataFrame:
    """One row per agent, split, scorer, metric (with random and oracle) and deferred share.

    Returns:
        ``accuracy`` of the whole with its interval, ``selective_accuracy`` of the draft answers kept
        (NaN when none is), and ``n`` samples that both scorings count.
    """
    parts = []
    for (agent, benchmark, split), cell in outcomes.groupby(["agent", "benchmark", "split"], sort=False):
        for scorer in SCORER_NAMES:
            scored = cell[cell[f"draft_{scorer}"].notna() & cell[f"agent_{scorer}"].notna()]
            if len(scored):
                curves = _curves(scored, scorer, metrics, top_k, settings)
                parts.append(curves.assign(agent=str(agent), benchmark=str(benchmark), split=str(split), scorer=scorer))
    return pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)


def _curves(
    samples: pd.DataFrame, scorer: str, metrics: Sequence[str], top_k: int, settings: StatisticsSettings
) -> pd.DataFrame:
    draft, agent = (samples[f"{who}_{scorer}"].to_numpy() for who in ("draft", "agent"))
    images = image_numbers(samples["image_id"])
    keys = {metric: samples[confidence_column(metric, top_k)].to_numpy() for metric in metrics}
    keys |= {"oracle": draft - agent, "random": np.zeros(len(samples))}
    parts = [
        _curve(draft, agent, _deferred(key), images, settings.level).assign(metric=name) for name, key in keys.items()
    ]
    return pd.concat(parts, ignore_index=True).assign(n=len(samples))


def _deferred(key: Floats) -> Floats:
    """Share of each sample that goes to the agent, (samples, shares), by rising ``key``.

    Equal keys are deferred in random order, of which this is the expectation.
    """
    _, codes, sizes = np.unique(key, return_inverse=True, return_counts=True)
    before = np.cumsum(sizes) - sizes
    return np.clip((SHARES * len(key) - before[codes, None]) / sizes[codes, None], 0.0, 1.0)


def _curve(draft: Floats, agent: Floats, deferred: Floats, images: Counts, level: float) -> pd.DataFrame:
    """One curve; its intervals are those of the shares of right answers where the curve is cut."""
    kept = (1 - deferred) * draft[:, None]
    right = by_image(kept + deferred * agent[:, None], images)
    low, high = proportion_interval(right, by_image(np.ones_like(deferred), images), level)
    left = (1 - deferred).sum(axis=0)
    selective = np.divide(kept.sum(axis=0), left, out=np.full(len(SHARES), np.nan), where=left > 1e-9)
    columns = {"deferred": SHARES, "accuracy": right.sum(axis=0) / len(draft), "selective_accuracy": selective}
    return pd.DataFrame(columns | {"accuracy_low": low, "accuracy_high": high})
