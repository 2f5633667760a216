"""Pareto front: every setting by what it costs and what it gets right."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from speceyes.analysis.names import agent_name, metric_title
from speceyes.figures import style
from speceyes.figures.tables import FigureTables, Tables
from speceyes.judging.scorers import SCORER

READS = ("settings", "ledger", "pareto")

ALONE = {
    "agent": ("*", style.AGENT_ALONE, "agent alone"),
    "draft": ("P", style.DRAFT_ALONE, "draft alone"),
    "specreason": ("X", style.SPECREASON, "SpecReason"),
}


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """Accuracy against speedup (log scale), one row of panels per agent.

    Pale dots are all settings (screening alone and gate alone among them), the line joins those that
    no setting dominates; the main table's settings carry their intervals.

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    fronts = study.table("pareto")
    figure, axes = style.panels(len(study.agents), len(study.splits), row_height=1.35, sharex="all", sharey="all")
    for row, agent in enumerate(study.agents):
        for column, (benchmark, split) in enumerate(study.splits):
            panel = axes[row, column]
            _panel(study, panel, (agent, benchmark, split), fronts)
            if row == 0:
                panel.set_title(style.panel_title(benchmark, split))
        axes[row, 0].set_ylabel(f"{agent_name(agent)}\naccuracy (%)")
    for panel in axes[-1]:
        panel.set_xlabel("speedup")
    style.speedup_axis(axes[0, 0], study.settings["speedup"])
    style.percent(axes[0, 0])
    style.legend(figure, _handles(study))
    style.save(figure, png, pdf)


def _panel(study: FigureTables, axes: Axes, cell: tuple[str, str, str], fronts: pd.DataFrame) -> None:
    settings, fronts = study.cell(*cell), study.at(fronts, *cell)
    accuracy = f"accuracy_{SCORER}"
    axes.plot(settings["speedup"], settings[accuracy], "o", color=style.LIGHT, markersize=1.3, mew=0, rasterized=True)
    front = fronts[fronts[f"dominated_by_{SCORER}"].isna()].sort_values("speedup")
    axes.plot(front["speedup"], front[accuracy], color=style.BLACK, linewidth=0.7, drawstyle="steps-pre")
    for _, row in settings[settings["main_table"]].iterrows():
        mark, colour, size = _mark(study, str(row["method"]), str(row["metric"]))
        axes.errorbar(
            row["speedup"],
            row[accuracy],
            xerr=[[row["speedup"] - row["speedup_low"]], [row["speedup_high"] - row["speedup"]]],
            yerr=[[row[accuracy] - row[f"{accuracy}_low"]], [row[f"{accuracy}_high"] - row[accuracy]]],
            marker=mark,
            color=colour,
            markersize=size,
            elinewidth=0.5,
            alpha=0.9,
        )


def _mark(study: FigureTables, method: str, metric: str) -> tuple[str, str, float]:
    if method in ALONE:
        return (*ALONE[method][:2], 4.5)
    return style.metric_mark(study.metrics, metric), style.metric_colour(study.metrics, metric), 3.2


def _handles(study: FigureTables) -> list[Line2D]:
    methods = set(study.settings["method"])
    alone = [
        Line2D([], [], color=colour, marker=mark, linestyle="none", markersize=4.5, label=name)
        for method, (mark, colour, name) in ALONE.items()
        if method in methods
    ]
    funnel = [
        Line2D(
            [],
            [],
            color=style.metric_colour(study.metrics, metric),
            marker=style.metric_mark(study.metrics, metric),
            linestyle="none",
            label=f"SpecEyes ({metric_title(metric)})",
        )
        for metric in study.metrics
    ]
    dots = Line2D([], [], color=style.LIGHT, marker="o", linestyle="none", markersize=2, label="every setting")
    return [*alone, *funnel, dots, Line2D([], [], color=style.BLACK, linewidth=0.7, label="Pareto front")]
