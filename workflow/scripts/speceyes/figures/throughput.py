"""Throughput under load: answers per second of the agent alone and of the funnel, and what a question waits."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from speceyes.analysis.names import agent_name
from speceyes.figures import style
from speceyes.figures.tables import FigureTables, Tables

READS = ("throughput", "ledger")

SYSTEMS = {"agent": (style.AGENT_ALONE, "agent alone"), "funnel": (style.METRIC_COLOURS["min"], "SpecEyes")}
WAITS: dict[str, tuple[Literal["-", "--"], str]] = {"p50_s": ("-", "median"), "p95_s": ("--", "95 %")}


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """A row per agent. Left: answers per second by concurrency. Right: waiting by answers per second.

    Raises:
        LedgerError: the tables do not add up.
    """
    load = FigureTables(tables).table("throughput")
    agents = list(load["agent"].unique())
    figure, axes = style.panels(len(agents), 2, row_height=1.5, sharex="col")
    for row, agent in enumerate(agents):
        for system, (colour, _) in SYSTEMS.items():
            rows = load[(load["agent"] == agent) & (load["system"] == system)]
            _rates(axes[row, 0], rows[rows["arrivals"] == "closed"].sort_values("level"), colour)
            _waits(axes[row, 1], rows, colour)
        axes[row, 0].set_ylabel(f"{agent_name(agent)}\nanswers per second")
        axes[row, 0].set_ylim(bottom=0)
        axes[row, 1].set_ylabel("seconds to an answer")
        _seconds_axis(axes[row, 1])
    axes[-1, 0].set_xlabel("questions under way")
    axes[-1, 1].set_xlabel("answers per second")
    style.legend(figure, _handles(load))
    style.save(figure, png, pdf)


def _rates(axes: Axes, rows: pd.DataFrame, colour: str) -> None:
    """Rates with their intervals; for the funnel also the bound."""
    axes.plot(rows["level"], rows["answers_per_s"], color=colour, marker="o")
    axes.vlines(
        rows["level"], rows["answers_per_s_low"], rows["answers_per_s_high"], color=colour, alpha=0.4, linewidth=2.0
    )
    bounded = rows[rows["bound"] < float("inf")]
    axes.plot(bounded["level"], bounded["bound"] * bounded["answers_per_s"] / bounded["gain"], ":", color=colour)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(rows["level"].tolist()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _waits(axes: Axes, rows: pd.DataFrame, colour: str) -> None:
    for wait, (line, _) in WAITS.items():
        closed = rows[rows["arrivals"] == "closed"].sort_values("level")
        axes.plot(closed["answers_per_s"], closed[wait], color=colour, linestyle=line, marker="o", linewidth=0.9)
    poisson = rows[rows["arrivals"] == "poisson"]
    axes.plot(poisson["answers_per_s"], poisson["p50_s"], "x", color=colour, markersize=4)


def _seconds_axis(axes: Axes) -> None:
    """Seconds in plain numbers, few enough not to touch."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _handles(load: pd.DataFrame) -> list[Line2D]:
    """Of the marks in both panels those that the study has."""
    systems = [Line2D([], [], color=colour, marker="o", label=name) for colour, name in SYSTEMS.values()]
    bound = Line2D([], [], color=SYSTEMS["funnel"][0], linestyle=":", label="bound 1/(1 − βα)")
    waits = [Line2D([], [], color=style.BLACK, linestyle=line, label=name) for line, name in WAITS.values()]
    handles = [*systems, bound, *waits]
    if (load["arrivals"] == "poisson").any():
        handles.append(Line2D([], [], color=style.BLACK, linestyle="", marker="x", label="random arrivals"))
    return handles
