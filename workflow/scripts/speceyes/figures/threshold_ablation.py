"""Threshold ablation: what accuracy costs in speed as the gate opens."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from speceyes.figures import style
from speceyes.figures.ablation import curve, curve_handles
from speceyes.figures.tables import SCORER, FigureTables, Tables

READS = ("settings", "ledger", "published_vs_ours")


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """Accuracy (above) and speedup (below) of the funnel against τ, per split; both agents.

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    figure, axes = style.panels(2, len(study.splits), sharex="col", sharey="row")
    for column, (benchmark, split) in enumerate(study.splits):
        above, below = axes[0, column], axes[1, column]
        above.set_title(style.panel_title(benchmark, split))
        for agent in study.agents:
            curve(study, above, "threshold", f"accuracy_{SCORER}", (agent, benchmark, split))
            curve(study, below, "threshold", "speedup", (agent, benchmark, split))
            _references(study, above, agent, benchmark, split)
        below.axhline(1, color=style.BLACK, linewidth=0.7, linestyle=":")
        thresholds = sorted(study.ablation("threshold", study.agents[0], benchmark, split)["threshold"].unique())
        style.confidence_axis(below, thresholds[0], thresholds[-1])
        below.set_xlabel("threshold τ")
    axes[0, 0].set_ylabel(f"accuracy (%)\n{SCORER} scorer")
    axes[1, 0].set_ylabel("speedup over the agent")
    style.percent(axes[0, 0])
    style.times(axes[1, 0])
    style.legend(figure, _handles(study))
    style.save(figure, png, pdf)


def _references(study: FigureTables, axes: Axes, agent: str, benchmark: str, split: str) -> None:
    """Levels of the agent alone and of the draft alone."""
    alone = study.reference("agent", agent, benchmark, split)
    draft = study.reference("draft", agent, benchmark, split)
    if alone is not None:
        axes.axhline(
            alone[f"accuracy_{SCORER}"], color=style.agent_colour(study.agents, agent), linewidth=0.8, linestyle="--"
        )
    if draft is not None:
        axes.axhline(draft[f"accuracy_{SCORER}"], color=style.GREY, linewidth=0.8, linestyle=":")


def _handles(study: FigureTables) -> list[Line2D]:
    alone = Line2D([], [], color=style.BLACK, linestyle="--", linewidth=0.8, label="agent alone")
    draft = Line2D([], [], color=style.GREY, linestyle=":", linewidth=0.8, label="draft alone")
    return [*curve_handles(study), alone, draft]
