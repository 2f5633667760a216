"""Screening against gate: what would each of the two filters do alone?"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from speceyes.analysis.names import agent_name
from speceyes.figures import style
from speceyes.figures.tables import SCORER, FigureTables, Tables

READS = ("settings", "ledger")

WAYS = {
    "agent": "agent alone",
    "screening-only": "screening only",
    "gate-only": "gate only",
    "speceyes": "both",
    "draft": "draft alone",
}
QUANTITIES = {f"accuracy_{SCORER}": f"accuracy (%)\n{SCORER} scorer", "speedup": "speedup"}


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """Accuracy (above) and speedup (below) of the agent alone, each filter alone, both, and the draft alone.

    Both gates stand at the main table's threshold; screening alone accepts every tool-free draft
    answer, the gate alone drafts every sample.

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    figure, axes = style.panels(2, len(study.splits), row_height=1.2, sharex="row", sharey="all")
    for column, (benchmark, split) in enumerate(study.splits):
        axes[0, column].set_title(style.panel_title(benchmark, split))
        for row, (quantity, label) in enumerate(QUANTITIES.items()):
            for agent in study.agents:
                _dots(study, axes[row, column], quantity, (agent, benchmark, split))
            axes[row, column].set_xlabel(label)
    style.percent(axes[0, 0], "x")
    for panel in axes[:, 0]:
        panel.set_yticks(range(len(WAYS)), list(WAYS.values()))
        panel.set_ylim(len(WAYS) - 0.5, -0.5)
    for panel in axes[1]:
        panel.axvline(1, color=style.BLACK, linewidth=0.7, linestyle=":")
    style.speedup_axis(axes[1, 0], study.settings["speedup"])
    handles = [
        Line2D([], [], color=style.agent_colour(study.agents, agent), marker="o", label=agent_name(agent))
        for agent in study.agents
    ]
    style.legend(figure, handles)
    style.save(figure, png, pdf)


def _dots(study: FigureTables, axes: Axes, quantity: str, cell: tuple[str, str, str]) -> None:
    shift = 0.3 * (study.agents.index(cell[0]) - (len(study.agents) - 1) / 2) / max(1, len(study.agents) - 1)
    colour = style.agent_colour(study.agents, cell[0])
    for place, method in enumerate(WAYS):
        for _, row in _rows(study, method, cell).iterrows():
            axes.hlines(place + shift, row[f"{quantity}_low"], row[f"{quantity}_high"], color=colour, linewidth=0.9)
            axes.plot(row[quantity], place + shift, "o", color=colour)


def _rows(study: FigureTables, method: str, cell: tuple[str, str, str]) -> pd.DataFrame:
    """The setting of a method that corresponds to the main table's funnel."""
    rows = study.at(study.settings, *cell)
    rows = rows[rows["method"] == method]
    point = study.at(study.points, *cell)
    if method in ("gate-only", "speceyes"):
        threshold = point.loc[point["metric"] == study.metric, "threshold"]
        gated = (rows["metric"] == study.metric) & (rows["top_k"] == study.top_k)
        rows = rows[gated & rows["threshold"].isin(threshold)]
    return rows if method == "agent" else rows[rows["batch_size"].isin(point["batch_size"])]
