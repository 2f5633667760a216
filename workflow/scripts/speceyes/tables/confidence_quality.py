"""How well a confidence tells right draft answers from wrong ones: AUROC, AUPR, area under risk-coverage, ECE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from speceyes.analysis.bootstrap import ImageBootstrap
from speceyes.analysis.outcomes import confidence_column
from speceyes.analysis.settings import Settings
from speceyes.judging.scorers import SCORER_NAMES

Floats = npt.NDArray[np.float64]
ECE_BINS = 15


def confidence_quality(outcomes: pd.DataFrame, gates: Sequence[tuple[str, int]], settings: Settings) -> pd.DataFrame:
    """One row per split, population, (metric, K) and scorer.

    Args:
        outcomes: from :func:`speceyes.analysis.outcomes.outcomes`.
        gates: the (metric, K) pairs.
        settings: how intervals are made.

    Returns:
        ``agent`` is empty for all samples, else the population are the samples that this agent's
        screening passes to the gate. ``n`` counts scored draft answers and ``right`` the right ones;
        AUROC and AUPR (right is positive) are NaN when all or none are right. ``aurc`` is the mean
        selective risk over all coverages, lower is better. ``ece`` takes the confidence at its word
        as a probability, which the squashed separability is not.
    """
    rows = []
    for (benchmark, split), cell in outcomes.groupby(["benchmark", "split"], sort=False):
        by_agent = {str(agent): own for agent, own in cell.groupby("agent", sort=False)}
        passed = {agent: own[own["tool_free"]] for agent, own in by_agent.items()}
        populations = {"": next(iter(by_agent.values()))} | passed
        for agent, samples in populations.items():
            for scorer in SCORER_NAMES:
                named = {"benchmark": benchmark, "split": split, "agent": agent, "scorer": scorer}
                rows += [named | row for row in _gates(samples, scorer, gates, settings)]
    return pd.DataFrame(rows)


def _gates(
    samples: pd.DataFrame, scorer: str, gates: Sequence[tuple[str, int]], settings: Settings
) -> list[dict[str, object]]:
    scored = samples[samples[f"draft_{scorer}"].notna()]
    right = scored[f"draft_{scorer}"].to_numpy() > 0
    weights = ImageBootstrap(scored["image_id"].to_numpy(), settings) if len(scored) else None
    rows = []
    for metric, top_k in gates:
        confidence = scored[confidence_column(metric, top_k)].to_numpy(dtype=np.float64)
        row: dict[str, object] = {"metric": metric, "top_k": top_k, "n": len(scored), "right": int(right.sum())}
        row |= dict.fromkeys(("auroc", "auroc_low", "auroc_high", "aupr", "aurc", "ece"), np.nan)
        if weights is not None:
            row |= {"aurc": aurc(right, confidence), "ece": ece(right, confidence)}
        if weights is not None and 0 < right.sum() < len(right):
            draws = weighted_auroc(right, confidence, weights.row_weights())
            low, high = weights.interval(draws)
            row |= {
                "auroc": float(roc_auc_score(right, confidence)),
                "auroc_low": float(low),
                "auroc_high": float(high),
            }
            row["aupr"] = float(average_precision_score(right, confidence))
        rows.append(row)
    return rows


def weighted_auroc(right: npt.NDArray[np.bool_], confidence: Floats, weights: Floats) -> Floats:
    """AUROC under each row of (resamples, samples) weights; NaN where a resample lacks one of the classes.

    The share of (right, wrong) pairs that the confidence ranks rightly, ties counting half.
    """
    order = np.argsort(confidence, kind="stable")
    _, starts = np.unique(confidence[order], return_index=True)
    positive = np.add.reduceat(weights[:, order] * right[order], starts, axis=1)
    negative = np.add.reduceat(weights[:, order] * ~right[order], starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    ranked = (positive * (below + negative / 2)).sum(axis=1)
    draws: Floats = np.divide(ranked, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
    return draws


def aurc(right: npt.NDArray[np.bool_], confidence: Floats) -> float:
    """Mean over k of the error among the k most confident answers; tied answers share their error evenly."""
    levels, codes = np.unique(-confidence, return_inverse=True)
    share = np.bincount(codes, weights=~right) / np.bincount(codes, minlength=len(levels))
    errors = share[np.sort(codes)]
    return float(np.mean(np.cumsum(errors) / np.arange(1, len(errors) + 1)))


def ece(right: npt.NDArray[np.bool_], confidence: Floats) -> float:
    """Expected calibration error over equal-width bins."""
    bins = np.minimum((confidence * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    gap = np.bincount(bins, weights=right - confidence, minlength=ECE_BINS)
    return float(np.abs(gap).sum() / len(right))
