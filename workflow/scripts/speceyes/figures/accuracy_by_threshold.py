"""Accuracy against threshold: how good are the draft answers above τ, and how many are they?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from speceyes.analysis.names import metric_title
from speceyes.analysis.outcomes import confidence_column
from speceyes.analysis.proportions import by_image, image_numbers, proportion_interval
from speceyes.figures import style
from speceyes.figures.tables import FigureTables, Tables
from speceyes.judging.scorers import SCORER
from speceyes.records.arrays import Counts, Floats

READS = ("settings", "ledger", "outcomes")

PERCENTILES = (50, 25, 75, 10, 90)
FEWEST = 5  # answers above a threshold for their accuracy to be drawn


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """Accuracy of the draft answers whose confidence exceeds τ, with its interval, per split.

    Marks on the curve are percentiles of the confidence: at 75, a quarter of the answers is above.
    The thin line is the share of answers above τ. Curves end where the fewest answers are left.

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    figure, axes = style.split_panels(len(study.splits), row_height=1.5)
    column = confidence_column(study.metric, study.top_k)
    for panel, scored in style.with_rows(axes, study.splits, study.scored_drafts):
        _accuracy_above(study, panel, scored)
        low, high = float(scored[column].min()), float(scored[column].nlargest(FEWEST).iloc[-1])
        style.confidence_axis(panel, low, high)
        panel.set_ylim(-0.03, 1.06)
        panel.set_xlabel(f"threshold τ ({metric_title(study.metric)})")
    for panel in style.first_in_row(axes):
        panel.set_ylabel(f"share (%)\n{SCORER} scorer")
    style.percent(axes[0])
    accuracy = Line2D([], [], color=style.metric_colour(study.metrics, study.metric), label="accuracy above τ")
    share = Line2D([], [], color=style.GREY, linewidth=0.8, linestyle="--", label="share of answers above τ")
    mark = Line2D([], [], color=style.BLACK, marker="o", mfc="white", linestyle="none", label="percentile")
    style.legend(figure, [accuracy, share, mark])
    style.save(figure, png, pdf)


def _accuracy_above(study: FigureTables, axes: Axes, scored: pd.DataFrame) -> None:
    column = confidence_column(study.metric, study.top_k)
    colour = style.metric_colour(study.metrics, study.metric)
    ranked = scored.sort_values(column, ascending=False, kind="stable")
    confidence = ranked[column].to_numpy(dtype=float)
    levels = np.flatnonzero(np.diff(confidence, append=-np.inf))  # a threshold keeps all or none of equal ones
    levels = levels[levels + 1 >= min(FEWEST, len(ranked))]
    right = np.cumsum(ranked[f"draft_{SCORER}"].to_numpy(dtype=float))[levels]
    confidence, count = confidence[levels], levels + 1
    low, high = _limits(ranked, levels, study.level)
    style.band(axes, confidence, low, high, colour)
    axes.plot(confidence, right / count, color=colour, marker="o" if len(count) == 1 else None)
    axes.plot(confidence, count / len(ranked), color=style.GREY, linewidth=0.8, linestyle="--")
    if len(count) > 1:
        _percentiles(axes, confidence, right / count, count / len(ranked))


def _limits(ranked: pd.DataFrame, levels: Counts, level: float) -> tuple[Floats, Floats]:
    """Limits of the accuracy of the first rows up to each of ``levels``."""
    images = image_numbers(ranked["image_id"])
    above = (np.arange(len(ranked))[:, None] <= levels).astype(np.float64)
    right = above * ranked[f"draft_{SCORER}"].to_numpy(dtype=float)[:, None]
    return proportion_interval(by_image(right, images), by_image(above, images), level)


def _percentiles(axes: Axes, confidence: Floats, accuracy: Floats, above: Floats) -> None:
    """Mark percentiles on the curve, the median first; a label that would stand on another is left out."""
    raw = style.raw_score(confidence)
    labelled: list[float] = []
    for percentile in PERCENTILES:
        row = int(np.argmin(np.abs(above - (1 - percentile / 100))))
        at = (confidence[row], accuracy[row])
        axes.plot(*at, marker="o", mfc="white", color=style.BLACK, mew=0.6, markersize=2.6)
        if all(abs(raw[row] - other) > 0.07 * np.ptp(raw) for other in labelled):
            axes.annotate(f"{percentile}", at, textcoords="offset points", xytext=(2.5, -6.5), ha="left", fontsize=5)
            labelled.append(raw[row])
