"""Latency breakdown: the agent's tool loop is the bottleneck, and what the funnel leaves of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from speceyes.analysis.names import agent_name
from speceyes.figures import style
from speceyes.figures.tables import FigureTables, Tables

READS = ("settings", "ledger", "outcomes")

PHASES = {"screen_s": "screening", "draft_s": "draft", "agent_s": "agent"}
ALONE, FUNNEL = -0.19, 0.19  # places of a split's two bars


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """Left: mean seconds per sample by phase, the agent alone beside the funnel. Right: by number of tool calls.

    On the right each dot is one sample of the agent alone; the bar is the median of all with that
    many calls, the line the middle half of them; their share of the samples stands above.

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    figure, axes = style.panels(len(study.agents), 2, row_height=1.6)
    narrow = len(study.splits) <= 3  # a benchmark alone: one column
    if not narrow:
        figure.set_size_inches(style.TWO_COLUMNS, figure.get_size_inches()[1])
    for row, agent in enumerate(study.agents):
        _phases(study, axes[row, 0], agent)
        _tool_calls(study, axes[row, 1], agent)
        axes[row, 0].set_ylabel(f"{agent_name(agent)}\nseconds per sample")
        axes[row, 1].set_ylabel("seconds per sample")
    axes[-1, 1].set_xlabel("tool calls of the agent alone")
    phases = [Patch(color=style.PHASE_COLOURS[phase], label=name) for phase, name in PHASES.items()]
    median = Line2D([], [], color=style.BLACK, linewidth=1.4, label="median and middle half (share of samples)")
    style.legend(figure, [*phases, median])
    bars = ("left bar: agent alone,", "right bar: SpecEyes with its speedup")
    axes[0, 0].set_title(("\n" if narrow else " ").join(bars))
    style.save(figure, png, pdf)


def _phases(study: FigureTables, axes: Axes, agent: str) -> None:
    """Stacked bars: on the left of each pair the agent alone, on the right the funnel with its speedup."""
    for place, (benchmark, split) in enumerate(study.splits):
        rows = study.cell_points(agent, benchmark, split)
        funnel = rows[rows["metric"] == study.metric]
        alone = study.reference("agent", agent, benchmark, split)
        if alone is not None:
            _stack(axes, place + ALONE, alone)
        for _, row in funnel.iterrows():
            top = _stack(axes, place + FUNNEL, row)
            axes.annotate(
                f"{row['speedup']:.1f}×",
                (place + FUNNEL, top),
                textcoords="offset points",
                xytext=(0, 1.5),
                ha="center",
                fontsize=5.2,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3},
            )
    axes.set_xticks(range(len(study.splits)), [style.panel_title(*split).replace(" ", "\n") for split in study.splits])
    axes.tick_params(axis="x", labelsize=5.2, length=0)
    axes.grid(visible=False, axis="x")
    axes.margins(y=0.12)


def _stack(axes: Axes, place: float, row: pd.Series) -> float:
    bottom = 0.0
    for phase, colour in style.PHASE_COLOURS.items():
        axes.bar(place, row[phase], width=0.34, bottom=bottom, color=colour)
        bottom += float(row[phase])
    return bottom


def _tool_calls(study: FigureTables, axes: Axes, agent: str) -> None:
    samples = study.outcomes[study.outcomes["agent"] == agent]
    timed = samples[samples["timed"]] if samples["timed"].any() else samples
    spread = np.random.default_rng(0).uniform(-0.18, 0.18, len(timed))
    axes.plot(
        timed["tool_calls"] + spread,
        timed["agent_s"],
        "o",
        color=style.PHASE_COLOURS["agent_s"],
        markersize=1.4,
        mew=0,
        alpha=0.35,
        rasterized=True,
    )
    sns.pointplot(
        timed,
        x="tool_calls",
        y="agent_s",
        ax=axes,
        native_scale=True,
        estimator="median",
        errorbar=("pi", 50),
        color=style.BLACK,
        linestyle="none",
        marker="_",
        markersize=9,
        linewidth=1.0,
    )
    for calls in timed["tool_calls"].unique():
        share = 100 * (samples["tool_calls"] == calls).mean()
        place = (calls, 0.99)
        text = f"{share:.0f} %" if share >= 0.5 else "< 0.5 %"
        axes.annotate(text, place, xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=5.5)
    axes.set(xlabel="", ylabel="")
    axes.margins(y=0.12)
    axes.set_ylim(bottom=0)
    most = int(timed["tool_calls"].max())
    axes.set_xlim(-0.6, most + 0.6)
    axes.set_xticks(range(most + 1))
    axes.grid(visible=False, axis="x")
