"""Rolling accuracy: along the ranks of confidence, from the surest answer to the least sure."""

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

READS = ("settings", "ledger", "outcomes")

WINDOW = 0.2  # share of the answers that a rolling mean covers
SMALLEST_WINDOW = 5


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """Accuracy of the draft in a window that slides over the ranks of each confidence, per split.

    The band is the interval of the ablated metric's window; a metric that ranks well
    starts high and ends low, one that does not stays at the dotted mean.

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    figure, axes = style.split_panels(len(study.splits))
    for panel, scored in style.with_rows(axes, study.splits, study.scored_drafts):
        for metric in study.metrics:
            _rolling(panel, scored, metric, study)
        panel.axhline(scored[f"draft_{SCORER}"].mean(), color=style.GREY, linewidth=0.8, linestyle=":")
        panel.set_xlabel("rank, surest first (%)")
        panel.set_ylim(-0.03, 1.03)
        style.percent(panel, "x")
    for panel in style.first_in_row(axes):
        panel.set_ylabel(f"draft accuracy (%)\n{SCORER} scorer")
    style.percent(axes[0])
    handles = [
        Line2D([], [], color=style.metric_colour(study.metrics, metric), label=metric_title(metric))
        for metric in study.metrics
    ]
    style.legend(figure, [*handles, Line2D([], [], color=style.GREY, linestyle=":", label="all draft answers")])
    style.save(figure, png, pdf)


def _rolling(axes: Axes, scored: pd.DataFrame, metric: str, study: FigureTables) -> None:
    ranked = scored.sort_values(column := confidence_column(metric, study.top_k), ascending=False, kind="stable")
    right = ranked.groupby(column)[f"draft_{SCORER}"].transform("mean").to_numpy(dtype=float)  # ties have no order
    window = min(len(right), max(SMALLEST_WINDOW, round(WINDOW * len(right))))
    sums = np.convolve(right, np.ones(window), mode="valid")
    ranks = (np.arange(len(sums)) + window / 2) / len(right)
    colour = style.metric_colour(study.metrics, metric)
    width = style.thickness(len(study.metrics), study.metrics.index(metric), 0.9)
    axes.plot(ranks, sums / window, color=colour, linewidth=width, marker="o" if len(sums) == 1 else None)
    if metric == study.metric:
        images = image_numbers(ranked["image_id"])
        starts, places = np.arange(len(sums)), np.arange(len(right))[:, None]
        inside = ((starts <= places) & (places < starts + window)).astype(np.float64)
        limits = proportion_interval(by_image(inside * right[:, None], images), by_image(inside, images), study.level)
        style.band(axes, ranks, *limits, colour)
