"""Top-K ablation: with how many of the likeliest tokens the separability is computed."""

from __future__ import annotations

from pathlib import Path

from speceyes.figures import style
from speceyes.figures.ablation import accuracy_and_speedup, curve_handles
from speceyes.figures.tables import FigureTables, Tables

READS = ("settings", "ledger", "published_vs_ours")


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """Accuracy (above) and speedup (below) of the funnel against K at the main table's threshold, per split.

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    figure, axes = style.panels(2, len(study.splits), row_height=1.1, sharex="all", sharey="row")
    accuracy_and_speedup(study, axes, "top_k")
    for panel in axes[1]:
        panel.set_xlabel("K")
    style.legend(figure, curve_handles(study))
    style.save(figure, png, pdf)
