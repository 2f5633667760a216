"""The style of all figures: sizes of one and two columns, colours safe for colour blindness, fonts embedded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from speceyes.analysis.names import benchmark_name, place_name, split_name
from speceyes.runtime.atomic import whole

ONE_COLUMN, TWO_COLUMNS = 3.5, 7.16  # inches
WRAP = 4  # panels in a row when every split has one
LOGIT_BOUND = 1e-6
STEEPEST = LOGIT_BOUND * (1 - LOGIT_BOUND)  # confidence per log-odds there
MARGIN = 0.03  # of an axis of shares beyond none and all
# In the order of preference where not all fit.
CONFIDENCE_TICKS = (0.9, 0.99, 0.999, 0.9999, 0.5, 0.1, 0.01, 0.96, 0.7, 0.98, 0.97, 0.95, 0.94, 0.995, 0.998, 1.0,
                    0.9998, 0.99995, 0.9995)  # fmt: skip

# Each colour means one thing in all figures. Palettes that the colour-blind tell apart: Okabe and Ito's, Tol's "muted".
BLACK, LIGHT = "#000000", "#BBBBBB"
RIGHT, WRONG = "#0072B2", "#D55E00"
AGENT_COLOURS = ("#332288", "#009E73", "#8C6D31", "#661100", "#88A0A8", "#6699CC")
METRIC_COLOURS = {"min": "#882255", "bottom20": "#E69F00", "mean": "#56B4E9", "log": "#999933"}
METRIC_MARKS = {"min": "o", "bottom20": "s", "mean": "D", "log": "^"}
OTHER_METRIC_COLOURS = ("#AA4499", "#44AA99", "#DDCC77", "#117733", "#A5AA99", "#1D6996")
OTHER_METRIC_MARKS = ("v", "<", ">", "p", "h", "d")
AGENT_ALONE, DRAFT_ALONE, SPECREASON = "#444444", "#8A8A8A", "#CC79A7"
PHASE_COLOURS = {"screen_s": "#F0E442", "draft_s": DRAFT_ALONE, "agent_s": AGENT_ALONE}
GREY = DRAFT_ALONE

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 6.5,
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": 7,
    "axes.labelsize": 6.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.5,
    "xtick.labelsize": 6,
    "ytick.labelsize": 6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.0,
    "ytick.major.size": 2.0,
    "xtick.major.pad": 1.8,
    "ytick.major.pad": 1.8,
    "lines.linewidth": 1.1,
    "lines.markersize": 2.8,
    "legend.frameon": False,
    "legend.fontsize": 6.2,
    "legend.handlelength": 1.6,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.025,
    "figure.constrained_layout.h_pad": 0.04,
    "pdf.fonttype": 42,  # TrueType, embedded: text stays text
    "svg.fonttype": "none",
    "savefig.dpi": 220,
}

Panels = npt.NDArray[np.object_]
Sharing = Literal["none", "all", "row", "col"]
Draw = Callable[[Mapping[str, Path], Path, Path], None]


def styled(draw: Draw) -> Draw:
    """Let a figure's ``draw`` work in the shared style."""
    return mpl.rc_context(STYLE)(draw)  # type: ignore[arg-type]


def panels(
    rows: int, columns: int, row_height: float = 1.25, sharex: Sharing = "none", sharey: Sharing = "none"
) -> tuple[Figure, Panels]:
    """A figure of one column's width for up to three panels across, else of two, with its (rows, columns) axes."""
    width = ONE_COLUMN if columns <= 3 else TWO_COLUMNS
    figure = Figure(figsize=(width, row_height * rows + 0.45))
    FigureCanvasAgg(figure)
    axes: Panels = figure.subplots(rows, columns, squeeze=False, sharex=sharex, sharey=sharey)
    return figure, axes


def split_panels(count: int, row_height: float = 1.35, sharey: Sharing = "all") -> tuple[Figure, list[Axes]]:
    """A figure with one panel per split, wrapped; what is left of the grid is blank."""
    columns = min(count, 2) if count < WRAP else WRAP
    rows = -(-count // columns)
    figure, axes = panels(rows, columns, row_height, sharey=sharey)
    for blank in axes.flat[count:]:
        blank.set_axis_off()
    return figure, list(axes.flat[:count])


def first_in_row(axes: Sequence[Axes]) -> list[Axes]:
    """The panels at the left edge."""
    return [panel for panel in axes if (place := panel.get_subplotspec()) and place.is_first_col()]


def save(figure: Figure, png: Path, pdf: Path) -> None:
    """Write both forms; the same tables give the same bytes."""
    with whole(png) as part:
        figure.savefig(part, format="png", metadata={"Software": None})
    figure.set_layout_engine("none")  # laid out already; doing it again takes as long as the drawing
    with whole(pdf) as part:
        figure.savefig(part, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})


def panel_title(benchmark: str, split: str) -> str:
    """A split's name on two lines, for a narrow panel."""
    return f"{benchmark_name(benchmark)}\n{place_name(split)}"


def metric_colour(metrics: Sequence[str], metric: str) -> str:
    """A metric's colour, the same in every figure of a study."""
    return METRIC_COLOURS.get(metric) or _other(OTHER_METRIC_COLOURS, metrics, metric)


def metric_mark(metrics: Sequence[str], metric: str) -> str:
    """A metric's mark, the same in every figure of a study."""
    return METRIC_MARKS.get(metric) or _other(OTHER_METRIC_MARKS, metrics, metric)


def _other(looks: Sequence[str], metrics: Sequence[str], metric: str) -> str:
    """What a metric that is not the paper's looks like, in the order of the study's."""
    return looks[[one for one in metrics if one not in METRIC_COLOURS].index(metric) % len(looks)]


def agent_colour(agents: Sequence[str], agent: str) -> str:
    """An agent's colour, the same in every figure of a study."""
    return AGENT_COLOURS[agents.index(agent) % len(AGENT_COLOURS)]


def thickness(count: int, place: int, thinnest: float = 1.0) -> float:
    """Line width of one of several curves that may lie on each other: what is drawn first shows on both sides."""
    return thinnest + 0.6 * (count - 1 - place)


def band(axes: Axes, x: Any, low: Any, high: Any, colour: str) -> None:
    """An interval along a curve; where it has one point only, an error bar."""
    x, low, high = (np.asarray(values, dtype=float) for values in (x, low, high))
    if len(x) == 1:
        axes.vlines(x, low, high, color=colour, alpha=0.4, linewidth=2.0)
    else:
        axes.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)


def percent(axes: Axes, which: Literal["x", "y"] = "y") -> None:
    """Label an axis of shares in percent and keep it between none and all."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_formatter(FuncFormatter(_percentage))
    low, high = axis.get_view_interval()
    limits = (max(low, -MARGIN), min(high, 1 + MARGIN))
    if which == "y":
        axes.set_ylim(*limits)
    else:
        axes.set_xlim(*limits)


def _percentage(share: float, _: object) -> str:
    """A tick's label; none beyond none and all, where only the axis' margin is."""
    return f"{100 * share:g}" if 0 <= round(share, 9) <= 1 else ""


def speedup_axis(axes: Axes, speedups: Any, which: Literal["x", "y"] = "x") -> None:
    """An axis of speedups: doubling is a step, whichever way."""
    known = np.asarray(speedups, dtype=float)
    known = known[np.isfinite(known) & (known > 0)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.5, 2.0)
    axis = axes.xaxis if which == "x" else axes.yaxis
    if low == high or not len(known):
        axes.set(**{f"{which}lim": (low / 2, high * 2)})
    axes.set(**{f"{which}scale": "log"})
    first, last = math.floor(math.log2(0.8 * low)) + 1, math.ceil(math.log2(1.25 * high))
    step = 1 + (last - first) // 6
    axis.set_major_locator(FixedLocator([2.0**power for power in range(first, last) if power % step == 0]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))


def raw_score(share: Any) -> Any:
    """The log-odds of a confidence: evenly spaced in the separability before its sigmoid.

    Within :data:`LOGIT_BOUND` of 0 and 1, and beyond them, it goes on as a straight line, so that a
    confidence of exactly 1 has its place and an axis can reach past it.
    """
    share = np.asarray(share, dtype=float)
    inside = np.clip(share, LOGIT_BOUND, 1 - LOGIT_BOUND)
    return np.log(inside / (1 - inside)) + (share - inside) / STEEPEST


def from_raw_score(value: Any) -> Any:
    """The confidence of log-odds: :func:`raw_score`, inverted."""
    value = np.asarray(value, dtype=float)
    bound = math.log((1 - LOGIT_BOUND) / LOGIT_BOUND)
    inside = np.clip(value, -bound, bound)
    return 1 / (1 + np.exp(-inside)) + (value - inside) * STEEPEST


def confidence_axis(axes: Axes, low: float, high: float, labels: int = 4) -> None:
    """Stretch a horizontal axis of confidences towards 1, where the answers are: even in the raw score."""
    first, last = (float(raw_score(bound)) for bound in (low, high))
    margin = 0.05 * (last - first) + 0.05
    axes.set_xscale("function", functions=(raw_score, from_raw_score))
    axes.set_xlim(float(from_raw_score(first - margin)), float(from_raw_score(last + margin)))
    ticks: list[float] = []
    for tick in CONFIDENCE_TICKS:
        apart = min((abs(raw_score(tick) - raw_score(other)) for other in ticks), default=np.inf)
        if first - margin <= raw_score(tick) <= last + margin and apart > (last - first) / labels:
            ticks.append(tick)
    axes.xaxis.set_major_locator(FixedLocator(sorted(ticks) or [low]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.5g}".removeprefix("0")))


def legend(figure: Figure, handles: Sequence[Any]) -> None:
    """One legend for the whole figure, above the panels, in as many rows as its texts need."""
    inches = sum(0.45 + 0.062 * len(handle.get_label()) for handle in handles)
    rows = math.ceil(inches / figure.get_size_inches()[0])
    figure.legend(handles=list(handles), loc="outside upper center", ncols=math.ceil(len(handles) / rows))


def with_rows(
    axes: Sequence[Axes], splits: Sequence[tuple[str, str]], rows_of: Callable[[str, str], pd.DataFrame]
) -> Iterator[tuple[Axes, pd.DataFrame]]:
    """Panels, titled by their splits, each with the rows that it shows; one without rows says so and is left out."""
    for panel, (benchmark, split) in zip(axes, splits, strict=True):
        panel.set_title(split_name(benchmark, split))
        rows = rows_of(benchmark, split)
        if rows.empty:
            note_empty(panel)
        else:
            yield panel, rows


def note_empty(axes: Axes, text: str = "no samples") -> None:
    """Say that a panel has nothing to show."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY, fontsize=6)
