"""Screening against gate: what would each of the two filters do alone?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from speceyes.analysis.names import agent_name
from speceyes.figures import style
from speceyes.figures.tables import FigureTables, Tables
from speceyes.judging.scorers import SCORER

READS = ("settings", "ledger")

WAYS = {
    "agent": "agent alone",
    "screening-only": "screening only",
    "gate-only": "gate only",
    "speceyes": "both",
    "draft": "draft alone",
}
GATED = ("gate-only", "speceyes")
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
        for agent in study.agents:
            shown = _shown(study, (agent, benchmark, split))
            for panel, quantity in zip(axes[:, column], QUANTITIES, strict=True):
                _dots(study, panel, quantity, agent, shown)
        for panel, label in zip(axes[:, column], QUANTITIES.values(), strict=True):
            panel.set_xlabel(label)
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


def _dots(study: FigureTables, axes: Axes, quantity: str, agent: str, shown: pd.DataFrame) -> None:
    shift = 0.3 * (study.agents.index(agent) - (len(study.agents) - 1) / 2) / max(1, len(study.agents) - 1)
    colour = style.agent_colour(study.agents, agent)
    places = np.array([list(WAYS).index(method) for method in shown["method"]]) + shift
    axes.hlines(places, shown[f"{quantity}_low"], shown[f"{quantity}_high"], color=colour, linewidth=0.9)
    axes.plot(shown[quantity], places, "o", color=colour)


def _shown(study: FigureTables, cell: tuple[str, str, str]) -> pd.DataFrame:
    """Of each way the setting that corresponds to the main table's funnel."""
    rows, point = study.cell(*cell), study.cell_points(*cell)
    rows = rows[
        rows["method"].isin(WAYS) & (rows["batch_size"].isin(point["batch_size"]) | (rows["method"] == "agent"))
    ]
    gated = rows[rows["method"].isin(GATED)]
    threshold = point.loc[point["metric"] == study.metric, "threshold"]
    alike = (gated["metric"] == study.metric) & (gated["top_k"] == study.top_k) & gated["threshold"].isin(threshold)
    return pd.concat([rows.drop(gated.index), gated[alike]])
