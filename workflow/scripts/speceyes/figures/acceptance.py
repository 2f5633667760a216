"""Acceptance: how many samples the draft may answer (β), how many of its answers pass the gate (α)."""

from __future__ import annotations

from pathlib import Path

from matplotlib.lines import Line2D

from speceyes.analysis.names import agent_name, metric_title, split_name
from speceyes.figures import style
from speceyes.figures.tables import FigureTables, Tables

READS = ("settings", "ledger")


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """α (solid) against τ, β (dashed) and their product, the share of samples spared the agent (dotted).

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    figure, axes = style.split_panels(len(study.splits), sharey="all")
    for panel, (benchmark, split) in zip(axes, study.splits, strict=True):
        panel.set_title(split_name(benchmark, split))
        for place, agent in enumerate(study.agents):
            width = style.thickness(len(study.agents), place)
            rows = study.ablation("threshold", agent, benchmark, split)
            colour = style.agent_colour(study.agents, agent)
            x = rows["threshold"].astype(float)
            panel.plot(x, rows["alpha"], color=colour, linewidth=width, marker="o", markersize=1 + width)
            panel.plot(x, rows["beta"], color=colour, linestyle="--", linewidth=0.8 * width)
            panel.plot(x, rows["accepted"], color=colour, linestyle=":", linewidth=1.1 * width)
            style.confidence_axis(panel, x.min(), x.max())
        panel.set_ylim(-0.03, 1.03)
        panel.set_xlabel(f"threshold τ ({metric_title(study.metric)})")
    for panel in style.first_in_row(axes):
        panel.set_ylabel("share (%)")
    style.percent(axes[0])
    colours = [
        Line2D([], [], color=style.agent_colour(study.agents, agent), label=agent_name(agent)) for agent in study.agents
    ]
    kinds = [
        Line2D([], [], color=style.BLACK, marker="o", markersize=2, label="α: accepted among tool-free"),
        Line2D([], [], color=style.BLACK, linestyle="--", linewidth=0.9, label="β: tool-free"),
        Line2D([], [], color=style.BLACK, linestyle=":", linewidth=1.2, label="αβ: answered by the draft"),
    ]
    style.legend(figure, [*colours, *kinds])
    style.save(figure, png, pdf)
