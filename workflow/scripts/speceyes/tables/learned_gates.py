"""Learned gates beside the metrics they combine, replayed on images that no gate and no threshold was chosen on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from speceyes.analysis.calibration import REPORT, image_parts
from speceyes.analysis.learned_gates import LEARNED, with_learned_gates
from speceyes.analysis.outcomes import confidence_column
from speceyes.analysis.settings import StatisticsSettings
from speceyes.tables.inputs import TableInputs
from speceyes.tables.recommended_threshold import GateOutcomes, held_out

READS = ("outcomes", "settings")

COLUMNS = [
    *("agent", "benchmark", "split", "metric", "top_k", "threshold", "n", "accepted", "accuracy"),
    *("difference", "difference_low", "difference_high", "speedup"),
]


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    study, settings = inputs.study, inputs.csv("settings")
    tried = settings[settings["method"] == "speceyes"].groupby("benchmark")["threshold"].unique()
    thresholds = {str(benchmark): sorted(values) for benchmark, values in tried.items()}
    outcomes = with_learned_gates(inputs.parquet("outcomes"), study.metrics, study.main_top_k, study.statistics)
    return learned_gates(outcomes, thresholds, [*study.metrics, *LEARNED], study.main_top_k, study.statistics)


def learned_gates(
    outcomes: pd.DataFrame,
    thresholds: Mapping[str, Sequence[float]],
    metrics: Sequence[str],
    top_k: int,
    settings: StatisticsSettings,
) -> pd.DataFrame:
    """One row per agent, split, metric and threshold, all on the same images, under the corrected scorer.

    Args:
        outcomes: from :func:`speceyes.analysis.learned_gates.with_learned_gates`.
        thresholds: what is tried on each benchmark.
        metrics: the study's own and the learned ones.
        top_k: K of the metrics.
        settings: how images are parted, and the level of intervals.
    """
    rows = []
    for benchmark, both in outcomes.groupby("benchmark", sort=False):
        reported = both[both["image_id"].map(image_parts(both, settings)) == REPORT]
        for (agent, split), cell in reported.groupby(["agent", "split"], sort=False):
            named = {"agent": agent, "benchmark": benchmark, "split": split, "top_k": top_k}
            for metric in metrics:
                gate = GateOutcomes.of(cell, confidence_column(metric, top_k))
                found = {"metric": metric, "n": len(gate.image_ids)}
                for threshold in thresholds[str(benchmark)]:
                    rows.append(named | found | {"threshold": threshold} | held_out(gate, threshold, settings))
    return pd.DataFrame(rows, columns=COLUMNS)
