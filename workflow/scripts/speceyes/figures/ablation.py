"""A curve of an ablation: one value moves, the others stay at the main table's."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from speceyes.analysis.names import agent_name, metric_title
from speceyes.figures import style
from speceyes.figures.tables import FigureTables
from speceyes.judging.scorers import SCORER


def curve(study: FigureTables, axes: Axes, name: str, quantity: str, cell: tuple[str, str, str]) -> None:
    """Draw ``quantity`` of the funnel against the ablated value ``name``, with its interval.

    The main table's setting is a larger mark. Published points, where the study is comparable, are
    hollow; an accuracy then also shows our curve under the published scorer, dashed.
    """
    rows = study.ablation(name, *cell)
    colour = style.agent_colour(study.agents, cell[0])
    if rows.empty:
        style.note_empty(axes)
        return
    x = rows[name].astype(float)
    style.band(axes, x, rows[f"{quantity}_low"], rows[f"{quantity}_high"], colour)
    width = style.thickness(len(study.agents), study.agents.index(cell[0]))
    axes.plot(x, rows[quantity], color=colour, linewidth=width, marker="o", markersize=1 + width)
    point = rows[rows["main_table"]]
    axes.plot(point[name].astype(float), point[quantity], "o", color=colour, markersize=3.2 + width)
    printed = study.printed(f"{name}_ablation", quantity.partition("_")[0], *cell)
    if printed.empty:
        return
    if quantity.startswith("accuracy"):
        axes.plot(x, rows["accuracy_published"], color=colour, linewidth=0.7, linestyle=(0, (1, 1)))
    axes.plot(printed["value"], printed["published"], color=colour, marker="o", mfc="none", mew=0.7, linestyle="none")


def accuracy_and_speedup(study: FigureTables, axes: style.Panels, name: str) -> None:
    """Accuracy (first row) and speedup (second) of the funnel on every agent against ``name``, a column per split."""
    for column, (benchmark, split) in enumerate(study.splits):
        above, below = axes[:, column]
        above.set_title(style.panel_title(benchmark, split))
        for agent in study.agents:
            curve(study, above, name, f"accuracy_{SCORER}", (agent, benchmark, split))
            curve(study, below, name, "speedup", (agent, benchmark, split))
        below.axhline(1, color=style.BLACK, linewidth=0.7, linestyle=":")
    axes[0, 0].set_ylabel(f"accuracy (%)\n{SCORER} scorer")
    axes[1, 0].set_ylabel("speedup\nover the agent")
    style.percent(axes[0, 0])
    style.speedup_axis(axes[1, 0], study.funnel["speedup"], "y")


def curve_handles(study: FigureTables) -> list[Line2D]:
    """Legend of the funnel on each agent and, where the study is comparable, of the paper's points."""
    handles = [
        Line2D(
            [],
            [],
            color=style.agent_colour(study.agents, agent),
            marker="o",
            label=f"SpecEyes ({metric_title(study.metric)}) on {agent_name(agent)}",
        )
        for agent in study.agents
    ]
    if not study.published.empty:
        handles.append(Line2D([], [], color=style.BLACK, linestyle=(0, (1, 1)), label="published scorer"))
        handles.append(Line2D([], [], color=style.BLACK, marker="o", mfc="none", linestyle="none", label="paper"))
    return handles
