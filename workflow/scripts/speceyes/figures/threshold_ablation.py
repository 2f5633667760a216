"""Threshold ablation: accuracy and speedup as the gate lets more draft answers pass."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from speceyes.figures import style
from speceyes.figures.ablation import accuracy_and_speedup, curve_handles
from speceyes.figures.tables import FigureTables, Tables
from speceyes.judging.scorers import SCORER

READS = ("settings", "ledger", "published_vs_ours")


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """Accuracy (above) and speedup (below) of the funnel against τ, per split; both agents.

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    figure, axes = style.panels(2, len(study.splits), sharex="col", sharey="row")
    accuracy_and_speedup(study, axes, "threshold")
    for (benchmark, split), above, below in zip(study.splits, *axes, strict=True):
        for agent in study.agents:
            _references(study, above, agent, benchmark, split)
        thresholds = sorted(study.ablation("threshold", study.agents[0], benchmark, split)["threshold"].unique())
        style.confidence_axis(below, thresholds[0], thresholds[-1], labels=3)
        below.set_xlabel("threshold τ")
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
