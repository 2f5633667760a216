"""Which confidence ranks best? AUROC and area under risk-coverage of every metric and learned gate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from speceyes.analysis.names import metric_title
from speceyes.figures import style
from speceyes.figures.tables import FigureTables, Tables
from speceyes.judging.scorers import SCORER

READS = ("settings", "ledger", "confidence_quality")

# By column of the table: the axis' label. A better metric stands further right in the first two, left in the others.
QUANTITIES = {
    "auroc": "AUROC",
    "auroc_difference": "AUROC\nless that of {}",
    "aurc": "area under\nrisk-coverage",
    "aurc_difference": "the area\nless that of {}",
}


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """Each area with its interval, and its paired difference to the metric that figures lead with.

    Over all scored draft answers of a split at the main K; a learned gate is drawn on those about images that did
    not fit it, and compared on them. An open dot: the difference may be chance.

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    rows = _shown(study)
    metrics = list(dict.fromkeys(rows["metric"]))
    height = 0.5 + 0.11 * len(metrics)
    figure, axes = style.panels(len(QUANTITIES), len(study.splits), row_height=height, sharex="row", sharey="all")
    for column, (benchmark, split) in enumerate(study.splits):
        axes[0, column].set_title(style.panel_title(benchmark, split))
        cell = rows[(rows["benchmark"] == benchmark) & (rows["split"] == split)]
        for row, quantity in enumerate(QUANTITIES):
            _dots(axes[row, column], cell, quantity, metrics)
    for row, label in enumerate(QUANTITIES.values()):
        axes[row, 0].set_ylabel(label.format(metric_title(study.metric)))
    for row, quantity in enumerate(QUANTITIES):
        if quantity.endswith("difference"):
            for panel in axes[row]:
                panel.axvline(0, color=style.BLACK, linewidth=0.7, linestyle=":")
    for panel in axes[:, 0]:
        panel.set_yticks(range(len(metrics)), [metric_title(metric) for metric in metrics])
        panel.set_ylim(len(metrics) - 0.5, -0.5)
    style.save(figure, png, pdf)


def _shown(study: FigureTables) -> pd.DataFrame:
    """All draft answers at the main K under the scorer that figures show, the best metric on average first."""
    rows = study.table("confidence_quality")
    rows = rows[(rows["agent"] == "") & (rows["scorer"] == SCORER) & (rows["top_k"] == study.top_k)]
    place = rows.groupby("metric", sort=False)["aurc"].mean().sort_values(kind="stable").index
    return rows.set_index("metric").loc[list(place)].reset_index()


def _dots(axes: Axes, cell: pd.DataFrame, quantity: str, metrics: Sequence[str]) -> None:
    compares = quantity.endswith("difference")
    for _, row in cell[cell[quantity].notna()].iterrows():
        if compares and row["metric"] == row["compared_with"]:
            continue
        value, low, high = (float(row[f"{quantity}{end}"]) for end in ("", "_low", "_high"))
        place, colour = metrics.index(row["metric"]), style.metric_colour(metrics, row["metric"])
        axes.hlines(place, low, high, color=colour, linewidth=0.9)
        axes.plot(value, place, "o", color=colour, markerfacecolor="white" if compares and low <= 0 <= high else colour)
