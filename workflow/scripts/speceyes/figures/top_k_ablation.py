"""Top-K ablation: how many rivals the separability is measured against."""

from __future__ import annotations

from pathlib import Path

from speceyes.figures import style
from speceyes.figures.ablation import curve, curve_handles
from speceyes.figures.tables import SCORER, FigureTables, Tables

READS = ("settings", "ledger", "published_vs_ours")


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """Accuracy (above) and speedup (below) of the funnel against K at the main table's threshold, per split.

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    figure, axes = style.panels(2, len(study.splits), row_height=1.1, sharex="all", sharey="row")
    for column, (benchmark, split) in enumerate(study.splits):
        axes[0, column].set_title(style.panel_title(benchmark, split))
        for agent in study.agents:
            curve(study, axes[0, column], "top_k", f"accuracy_{SCORER}", (agent, benchmark, split))
            curve(study, axes[1, column], "top_k", "speedup", (agent, benchmark, split))
        axes[1, column].axhline(1, color=style.BLACK, linewidth=0.7, linestyle=":")
        axes[1, column].set_xlabel("K")
    axes[0, 0].set_ylabel(f"accuracy (%)\n{SCORER} scorer")
    axes[1, 0].set_ylabel("speedup\nover the agent")
    style.percent(axes[0, 0])
    style.times(axes[1, 0])
    style.legend(figure, curve_handles(study))
    style.save(figure, png, pdf)
