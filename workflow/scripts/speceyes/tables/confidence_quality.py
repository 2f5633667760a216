"""How well a confidence tells right draft answers from wrong ones: AUROC, AUPR, area under risk-coverage, ECE."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from speceyes.analysis.learned_gates import LEARNED, with_learned_gates
from speceyes.analysis.outcomes import confidence_column
from speceyes.analysis.proportions import image_numbers
from speceyes.analysis.ranking import Area, area_difference, aurc, auroc
from speceyes.analysis.settings import StatisticsSettings
from speceyes.judging.scorers import SCORER_NAMES
from speceyes.method.confidence import headline
from speceyes.records.arrays import Floats, Mask
from speceyes.tables.inputs import TableInputs
from speceyes.tables.table_settings import TableSettings

READS = ("outcomes",)

ECE_BINS = 15


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    study, outcomes = inputs.study, inputs.parquet("outcomes")
    own = confidence_quality(outcomes, list(product(study.metrics, study.top_ks)), study.statistics)
    return pd.concat([own, _learned(outcomes, study)], ignore_index=True)


def _learned(outcomes: pd.DataFrame, study: TableSettings) -> pd.DataFrame:
    """Learned gates beside the reference, on the images that did not fit them."""
    learned = with_learned_gates(outcomes, study.metrics, study.main_top_k, study.statistics)
    apart = learned[learned[[confidence_column(name, study.main_top_k) for name in LEARNED]].notna().all(axis=1)]
    gates = [(name, study.main_top_k) for name in (headline(study.metrics), *LEARNED)]
    table = confidence_quality(apart, gates, study.statistics)
    return table[table["metric"].isin(list(LEARNED))]


def confidence_quality(
    outcomes: pd.DataFrame, gates: Sequence[tuple[str, int]], settings: StatisticsSettings
) -> pd.DataFrame:
    """One row per split, population, (metric, K) and scorer.

    Args:
        outcomes: from :func:`speceyes.analysis.outcomes.outcomes`.
        gates: the (metric, K) pairs.
        settings: how intervals are made.

    Returns:
        ``agent`` is empty for all samples, else the population are the samples that this agent's
        screening passes to the gate. ``n`` counts scored draft answers and ``right`` the right ones;
        AUROC and AUPR (right is positive) are NaN when all or none are right. ``aurc`` is the mean
        selective risk over all coverages, lower is better. ``auroc_difference`` and ``aurc_difference``
        are to the metric ``compared_with`` at the same K, on the same answers. ``ece`` treats the confidence as a
        probability, which the squashed separability is not.
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
    samples: pd.DataFrame, scorer: str, gates: Sequence[tuple[str, int]], settings: StatisticsSettings
) -> list[dict[str, object]]:
    scored = samples[samples[f"draft_{scorer}"].notna()]
    right = scored[f"draft_{scorer}"].to_numpy() > 0
    images = image_numbers(scored["image_id"])
    confidences = {gate: scored[confidence_column(*gate)].to_numpy(dtype=np.float64) for gate in gates}
    areas = {
        name: {gate: area(right, values, images) for gate, values in confidences.items()}
        for name, area in {"auroc": auroc, "aurc": aurc}.items()
    }
    reference = headline([metric for metric, _ in gates])
    both = 0 < right.sum() < len(right)
    rows = []
    for metric, top_k in gates:
        row: dict[str, object] = {"metric": metric, "top_k": top_k, "n": len(scored), "right": int(right.sum())}
        for name, found in areas.items():
            row |= _area(name, found[metric, top_k], found.get((reference, top_k)), settings.level)
        values = confidences[metric, top_k]
        row["aupr"] = float(average_precision_score(right, values)) if both else np.nan
        row["ece"] = ece(right, values) if len(right) else np.nan
        rows.append(row | {"compared_with": reference})
    return rows


def _area(name: str, own: Area | None, reference: Area | None, level: float) -> dict[str, float]:
    """An area with its interval and what it is more than the reference's at the same K."""
    spread = {f"{name}_difference": np.nan, f"{name}_difference_low": np.nan, f"{name}_difference_high": np.nan}
    spread[f"{name}_p"] = np.nan
    if own is None:
        return {name: np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan} | spread
    low, high = own.interval(level)
    if reference is not None:
        found = area_difference(own, reference, level)
        spread = dict(zip(spread, (found.difference, found.low, found.high, found.p), strict=True))
    return {name: own.value, f"{name}_low": low, f"{name}_high": high} | spread


def ece(right: Mask, confidence: Floats) -> float:
    """Expected calibration error over equal-width bins."""
    bins = np.minimum((confidence * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    gap = np.bincount(bins, weights=right - confidence, minlength=ECE_BINS)
    return float(np.abs(gap).sum() / len(right))
