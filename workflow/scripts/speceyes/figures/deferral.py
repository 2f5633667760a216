"""Deferral and risk-coverage: what each confidence buys when the least sure answers go to the agent."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from speceyes.analysis.names import agent_name, metric_title
from speceyes.figures import style
from speceyes.figures.tables import FigureTables, Tables
from speceyes.judging.scorers import SCORER

READS = ("settings", "ledger", "deferral")

REFERENCES: dict[str, tuple[Literal["-", "--", ":"], str]] = {
    "oracle": ("--", style.BLACK),
    "random": (":", style.GREY),
}


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """A row per agent: accuracy of the whole against the share deferred. Last row: risk against coverage.

    The gate sees every sample here (no screening). The oracle defers first what the agent wins; in the
    last row it keeps the right answers first.

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    curves = study.table("deferral")
    curves = curves[curves["scorer"] == SCORER]
    figure, axes = style.panels(len(study.agents) + 1, len(study.splits), row_height=1.15, sharex="row", sharey="row")
    for column, (benchmark, split) in enumerate(study.splits):
        axes[0, column].set_title(style.panel_title(benchmark, split))
        for row, agent in enumerate(study.agents):
            cell = study.at(curves, agent, benchmark, split)
            _deferral(study, axes[row, column], cell)
        _risk(study, axes[-1, column], study.at(curves, study.agents[0], benchmark, split))
        axes[len(study.agents) - 1, column].set_xlabel("deferred (%)")
        axes[-1, column].set_xlabel("coverage (%)")
    for row, agent in enumerate(study.agents):
        axes[row, 0].set_ylabel(f"with {agent_name(agent)}\naccuracy (%)")
        style.percent(axes[row, 0])
        style.percent(axes[row, 0], "x")
    axes[-1, 0].set_ylabel("draft alone\nrisk (%)")
    style.percent(axes[-1, 0])
    style.percent(axes[-1, 0], "x")
    style.legend(figure, _handles(study))
    style.save(figure, png, pdf)


def _deferral(study: FigureTables, axes: Axes, cell: pd.DataFrame) -> None:
    if cell.empty:
        style.note_empty(axes)
    for name, (line, colour) in REFERENCES.items():
        rows = cell[cell["metric"] == name]
        axes.plot(rows["deferred"], rows["accuracy"], color=colour, linestyle=line, linewidth=0.8)
    for metric in study.metrics:
        rows = cell[cell["metric"] == metric]
        colour = style.metric_colour(study.metrics, metric)
        width = style.thickness(len(study.metrics), study.metrics.index(metric), 0.7)
        axes.plot(rows["deferred"], rows["accuracy"], color=colour, linewidth=width)
        if metric == study.metric and len(rows):
            style.band(axes, rows["deferred"], rows["accuracy_low"], rows["accuracy_high"], colour)


def _risk(study: FigureTables, axes: Axes, cell: pd.DataFrame) -> None:
    """Error among the draft answers kept, against their share."""
    looks = {metric: ("-", style.metric_colour(study.metrics, metric)) for metric in study.metrics}
    for metric, (line, colour) in {**looks, "random": REFERENCES["random"]}.items():
        rows = cell[(cell["metric"] == metric) & (cell["deferred"] < 1)]
        axes.plot(1 - rows["deferred"], 1 - rows["selective_accuracy"], color=colour, linestyle=line, linewidth=0.9)
    every = cell[(cell["metric"] == "random") & (cell["deferred"] < 1)]
    coverage = 1 - every["deferred"]
    line, colour = REFERENCES["oracle"]
    unavoidable = (1 - every["selective_accuracy"] / coverage).clip(lower=0)  # wrong ones enter when right ones ran out
    axes.plot(coverage, unavoidable, color=colour, linestyle=line, linewidth=0.8)


def _handles(study: FigureTables) -> list[Line2D]:
    metrics = [
        Line2D([], [], color=style.metric_colour(study.metrics, metric), label=metric_title(metric))
        for metric in study.metrics
    ]
    lines = [Line2D([], [], color=colour, linestyle=line, label=name) for name, (line, colour) in REFERENCES.items()]
    return [*metrics, *lines]
