"""Confidence density: does a metric keep right and wrong draft answers apart?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from speceyes.analysis.names import metric_title
from speceyes.analysis.outcomes import confidence_column
from speceyes.figures import style
from speceyes.figures.tables import FigureTables, Tables
from speceyes.judging.scorers import SCORER
from speceyes.records.arrays import Floats

READS = ("settings", "ledger", "outcomes")

GRID = 256
FLOOR = 0.18  # height below the densities for the ticks, as a share of the panel
SMOOTHING = 0.05  # least width of a kernel, as a share of the axis
LEAST_SPREAD = 1e-6  # of answers that are not equal, as a share of the axis


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """Densities of the confidence of right and of wrong draft answers, per metric and split.

    The axis is stretched towards 1, so that equal distances are equal differences of the raw score;
    densities are over that axis and each class has area 1. Every answer is a tick below.

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    figure, axes = style.panels(len(study.metrics), len(study.splits), row_height=0.95, sharex="row")
    outcomes = study.outcomes[study.outcomes["agent"] == study.agents[0]]
    points = study.points[study.points["agent"] == study.agents[0]]
    for row, metric in enumerate(study.metrics):
        gates = points[points["metric"] == metric]
        shown = [*outcomes[confidence_column(metric, study.top_k)], *gates["threshold"]]
        for column, (benchmark, split) in enumerate(study.splits):
            panel = axes[row, column]
            style.confidence_axis(panel, min(shown), max(shown), labels=3)
            _densities(panel, study.scored_drafts(benchmark, split), confidence_column(metric, study.top_k))
            panel.set_yticks([])
            for threshold in study.at(gates, study.agents[0], benchmark, split)["threshold"]:
                panel.axvline(threshold, color=style.BLACK, linewidth=0.7, linestyle="--")
            if row == 0:
                panel.set_title(style.panel_title(benchmark, split))
        axes[row, 0].set_ylabel(f"{metric_title(metric)}\ndensity")
    for panel in axes[-1]:
        panel.set_xlabel("confidence")
    style.legend(
        figure,
        [
            Patch(color=style.RIGHT, alpha=0.5, label="right draft answers"),
            Patch(color=style.WRONG, alpha=0.5, label="wrong draft answers"),
            Line2D([], [], color=style.BLACK, linewidth=0.7, linestyle="--", label="τ of the main table"),
        ],
    )
    style.save(figure, png, pdf)


def _densities(axes: Axes, scored: pd.DataFrame, column: str) -> None:
    """Each class's density and ticks."""
    if scored.empty:
        style.note_empty(axes)
    below = axes.get_xaxis_transform()
    for right, colour, depth in ((1.0, style.RIGHT, 0.1), (0.0, style.WRONG, 0.04)):
        values = scored.loc[scored[f"draft_{SCORER}"] == right, column].to_numpy(dtype=np.float64)
        ticks = np.full(len(values), depth)
        axes.plot(values, ticks, "|", color=colour, markersize=2.2, mew=0.3, alpha=0.6, transform=below)
        _density(axes, values, colour)
    axes.set_ylim(bottom=-FLOOR * axes.get_ylim()[1])


def _density(axes: Axes, values: Floats, colour: str) -> None:
    """Gaussian kernel density of one class over the stretched axis; equal answers have ticks alone.

    Kernels have Scott's width, but none is so narrow that a few nearly equal answers become a spike.
    """
    limits = axes.get_xlim()
    first, last = style.raw_score(limits)
    spread = float(style.raw_score(values).std(ddof=1)) if len(values) > 1 else 0.0
    if spread <= LEAST_SPREAD * (last - first):
        return
    width = max(len(values) ** -0.2, SMOOTHING * (last - first) / spread)
    look = {"color": colour, "linewidth": 0.8, "fill": True, "alpha": 0.25}
    sns.kdeplot(x=values, ax=axes, bw_method=width, clip=(first, last), gridsize=GRID, **look)
    axes.set_xlim(limits)
    axes.set(xlabel="", ylabel="")
