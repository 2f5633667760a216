"""Deferral curves: accuracy against the share of samples handed to the agent, least confident first.

The whole split is gated (no screening), so that the curves compare confidences alone. Equally
confident samples are deferred in random order, of which the curves show the expectation. Beside
every metric stand ``random`` (any order, in expectation a straight line) and ``oracle`` (first the
samples that the agent wins, last those that it loses).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from speceyes.analysis.bootstrap import ImageBootstrap
from speceyes.analysis.outcomes import confidence_column
from speceyes.analysis.settings import Settings
from speceyes.judging.scorers import SCORER_NAMES

Floats = npt.NDArray[np.float64]
SHARES: Floats = np.linspace(0.0, 1.0, 51)
COLUMNS = [
    *("agent", "benchmark", "split", "scorer", "metric", "deferred"),
    *("accuracy", "accuracy_low", "accuracy_high", "selective_accuracy", "n"),
]


def deferral_curves(outcomes: pd.DataFrame, metrics: Sequence[str], top_k: int, settings: Settings) -> pd.DataFrame:
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


def _curves(samples: pd.DataFrame, scorer: str, metrics: Sequence[str], top_k: int, settings: Settings) -> pd.DataFrame:
    draft, agent = (samples[f"{who}_{scorer}"].to_numpy() for who in ("draft", "agent"))
    bootstrap = ImageBootstrap(samples["image_id"].to_numpy(), settings)
    keys = {metric: samples[confidence_column(metric, top_k)].to_numpy() for metric in metrics}
    keys["oracle"] = draft - agent
    parts = [_curve(draft, agent, key, bootstrap).assign(metric=name) for name, key in keys.items()]
    straight = draft.mean() + SHARES * (agent.mean() - draft.mean())
    random = pd.DataFrame({"deferred": SHARES, "accuracy": straight, "selective_accuracy": draft.mean()})
    return pd.concat([*parts, random.assign(metric="random")], ignore_index=True).assign(n=len(samples))


def _curve(draft: Floats, agent: Floats, key: Floats, bootstrap: ImageBootstrap) -> pd.DataFrame:
    """One curve; samples are deferred by rising ``key``."""
    order = np.argsort(key, kind="stable")
    ends = np.flatnonzero(np.diff(key[order], append=np.inf))
    draft, agent = draft[order], agent[order]
    accuracy, selective = _at_shares(draft, agent, np.ones((1, len(draft))), ends)
    low, high = bootstrap.interval(_at_shares(draft, agent, bootstrap.row_weights()[:, order], ends)[0])
    columns = {"deferred": SHARES, "accuracy": accuracy[0], "selective_accuracy": selective[0]}
    return pd.DataFrame(columns | {"accuracy_low": low, "accuracy_high": high})


def _at_shares(draft: Floats, agent: Floats, weights: Floats, ends: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Accuracy of the whole and of the kept draft answers, (resamples, shares).

    All arrays are in the order of deferral. ``ends`` are the last of equal keys; between them lies
    what deferring such samples in random order gives in expectation: a straight line.
    """
    total = weights.sum(axis=1, keepdims=True)
    start = np.zeros((len(weights), 1))
    deferred = np.hstack([start, np.cumsum(weights, axis=1)[:, ends]]) / total
    agent_right = np.hstack([start, np.cumsum(weights * agent, axis=1)[:, ends]]) / total
    draft_right = np.hstack([start, np.cumsum(weights * draft, axis=1)[:, ends]]) / total
    draft_kept = draft_right[:, -1:] - draft_right
    whole = np.stack([np.interp(SHARES, x, y) for x, y in zip(deferred, agent_right + draft_kept, strict=True)])
    kept = np.stack([np.interp(SHARES, x, y) for x, y in zip(deferred, draft_kept, strict=True)])
    left = 1 - SHARES
    return whole, np.divide(kept, left, out=np.full_like(kept, np.nan), where=left > 0)
