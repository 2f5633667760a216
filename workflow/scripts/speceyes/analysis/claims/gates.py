"""Tests of the gate: how well its confidence ranks answers, and what it and screening are each good for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from speceyes.analysis.claims.evidence import ClaimTables, Evidence, accuracy_difference
from speceyes.analysis.claims.systems import ALL
from speceyes.analysis.funnel import FunnelOutcomes
from speceyes.analysis.outcomes import confidence_column
from speceyes.analysis.proportions import by_image, combined_margin, image_numbers, proportion_interval
from speceyes.analysis.ranking import area_difference, aurc, auroc
from speceyes.judging.scorers import SCORER
from speceyes.records.arrays import Counts, Floats, Mask

NO_AGENT = ""  # the draft's answers, whoever the agent is


def auroc_against(tables: ClaimTables, others: Sequence[str]) -> Iterator[Evidence]:
    """AUROC of the metric less another one's on the same draft answers, per benchmark."""
    yield from _ranking(tables, others, "AUROC")


def aurc_against(tables: ClaimTables, others: Sequence[str]) -> Iterator[Evidence]:
    """Area under another one's risk-coverage curve less the metric's: what risk the metric spares, per benchmark."""
    yield from _ranking(tables, others, "AURC")


def _ranking(tables: ClaimTables, others: Sequence[str], name: str) -> Iterator[Evidence]:
    area, sign = {"AUROC": (auroc, 1), "AURC": (aurc, -1)}[name]
    for benchmark, rows in tables.drafts():
        right, images = rows[f"draft_{SCORER}"].to_numpy() > 0, image_numbers(rows["image_id"])
        own = area(right, _confidence(rows, tables.metric, tables), images)
        for metric in _known(tables, others):
            other = area(right, _confidence(rows, metric, tables), images)
            quantity = f"{name} less {metric}'s" if sign > 0 else f"{metric}'s {name} less the metric's"
            named = {"agent": NO_AGENT, "benchmark": benchmark, "split": ALL, "quantity": quantity}
            if own is None or other is None:
                yield Evidence(**named, estimate=np.nan, low=np.nan, high=np.nan, n=len(rows))
                continue
            found = area_difference(own, other, tables.statistics.level)
            low, high = sorted((sign * found.low, sign * found.high))
            yield Evidence(**named, estimate=sign * found.difference, low=low, high=high, n=len(rows))


def _known(tables: ClaimTables, others: Sequence[str]) -> list[str]:
    """Of some metrics those that the study has."""
    return [metric for metric in others if tables.has(metric)]


def _confidence(rows: pd.DataFrame, metric: str, tables: ClaimTables) -> Floats:
    return rows[confidence_column(metric, tables.top_k)].to_numpy(dtype=np.float64)


def auroc_of_metric(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Share of pairs of a right and a wrong draft answer that the metric ranks rightly, per benchmark."""
    for benchmark, rows in tables.drafts():
        right = rows[f"draft_{SCORER}"].to_numpy() > 0
        found = auroc(right, _confidence(rows, tables.metric, tables), image_numbers(rows["image_id"]))
        value, limits = (np.nan, (np.nan, np.nan)) if found is None else (found.value, found.interval(_level(tables)))
        yield Evidence(NO_AGENT, benchmark, ALL, f"AUROC of {tables.metric}", value, *limits, len(rows))


def overlap_of_densities(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Overlap of the densities of right and wrong draft answers, per benchmark.

    Two densities that cross once overlap by the shares on the wrong sides of the crossing. Each half of
    the images is cut where the other half says, so that no cut is measured on the answers that chose it.
    """
    for benchmark, rows in tables.drafts():
        right, images = rows[f"draft_{SCORER}"].to_numpy() > 0, image_numbers(rows["image_id"])
        above = _above_cut(right, _confidence(rows, tables.metric, tables), images, tables.statistics.seed)
        quantity = f"overlap of right and wrong answers under {tables.metric}"
        estimate, low, high = _overlap(right, above, images, _level(tables))
        yield Evidence(NO_AGENT, benchmark, ALL, quantity, estimate, low, high, len(rows))


def _above_cut(right: Mask, confidence: Floats, images: Counts, seed: int) -> Mask:
    """Which answers lie above the cut that best parts right from wrong in the other half of the images."""
    count = int(images.max(initial=-1)) + 1
    first = np.isin(images, np.random.default_rng(seed).permutation(count)[: count // 2])
    above = np.zeros_like(right)
    for half in (first, ~first):
        above[half] = confidence[half] > _best_cut(right[~half], confidence[~half])
    return above


def _best_cut(right: Mask, confidence: Floats) -> float:
    """The confidence above which the share of right answers exceeds that of wrong ones most (Youden's index)."""
    cuts = np.unique(confidence)
    if right.all() or not right.any():
        return float(np.median(confidence)) if len(confidence) else 0.0
    above = [_above(np.sort(confidence[of]), cuts) for of in (right, ~right)]
    return float(cuts[int(np.argmax(above[0] - above[1]))])


def _above(values: Floats, cuts: Floats) -> Floats:
    """Share of sorted values above each cut."""
    share: Floats = (len(values) - np.searchsorted(values, cuts, side="right")) / len(values)
    return share


def _overlap(right: Mask, above: Mask, images: Counts, level: float) -> tuple[float, float, float]:
    """Share of right answers below the cut plus share of wrong ones above it, with limits (MOVER)."""
    if right.all() or not right.any():
        return np.nan, np.nan, np.nan
    shares, lows, highs = [], [], []
    for of, astray in ((right, ~above), (~right, above)):
        counted = by_image(of.astype(np.float64), images)
        low, high = proportion_interval(by_image((of & astray).astype(np.float64), images), counted, level)
        shares.append(float(astray[of].mean()))
        lows.append(float(low))
        highs.append(float(high))
    total = sum(shares)
    below = combined_margin(shares[0] - lows[0], shares[1] - lows[1], 0.0)
    over = combined_margin(highs[0] - shares[0], highs[1] - shares[1], 0.0)
    return min(total, 1.0), max(total - float(below), 0.0), min(total + float(over), 1.0)


def accuracy_at_equal_speed(tables: ClaimTables, others: Sequence[str]) -> Iterator[Evidence]:
    """Accuracy with the metric less another one's where both save the same seconds, per agent and benchmark."""
    for agent, benchmark, rows in tables.gated():
        funnel = FunnelOutcomes(rows, tables.top_k)
        own = funnel.accepted(tables.metric, tables.point(agent, benchmark, tables.metric))
        spared = float(np.nansum(funnel.seconds_of("agent")[own]))
        for metric in _known(tables, others):
            other = funnel.most_confident(funnel.confidence(metric), funnel.tool_free, spared)
            quantity = f"accuracy less {metric}'s at equal speed"
            named = {"agent": agent, "benchmark": benchmark, "split": ALL, "quantity": quantity}
            yield accuracy_difference(named, rows, funnel.right(own), funnel.right(other), _level(tables))


def accuracy_over_screening_alone(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Accuracy of the funnel less that of screening without a gate, per agent and benchmark."""
    for agent, benchmark, rows in tables.gated():
        funnel = FunnelOutcomes(rows, tables.top_k)
        both = funnel.accepted(tables.metric, tables.point(agent, benchmark, tables.metric))
        quantity = "accuracy less that of screening alone"
        named = {"agent": agent, "benchmark": benchmark, "split": ALL, "quantity": quantity}
        yield accuracy_difference(named, rows, funnel.right(both), funnel.right(funnel.tool_free), _level(tables))


def accuracy_over_gate_alone(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Accuracy of the funnel less that of the gate without screening at equal speed, per agent and benchmark."""
    for agent, benchmark, rows in tables.gated():
        funnel = FunnelOutcomes(rows, tables.top_k)
        both = funnel.accepted(tables.metric, tables.point(agent, benchmark, tables.metric))
        everything = np.nansum(funnel.seconds_of("draft") + funnel.seconds_of("agent"))
        spared = float(everything - np.nansum(funnel.seconds(both)))
        gated = funnel.most_confident(funnel.confidence(tables.metric), np.ones_like(both), spared)
        quantity = "accuracy less that of the gate alone at equal speed"
        named = {"agent": agent, "benchmark": benchmark, "split": ALL, "quantity": quantity}
        yield accuracy_difference(named, rows, funnel.right(both), funnel.right(gated), _level(tables))


def _level(tables: ClaimTables) -> float:
    return tables.statistics.level
