"""Batch-size ablation: screening and drafting share their cost over a batch, the agent cannot."""

from __future__ import annotations

from pathlib import Path

from matplotlib.ticker import FixedLocator

from speceyes.analysis.names import split_name
from speceyes.figures import style
from speceyes.figures.ablation import curve, curve_handles
from speceyes.figures.tables import FigureTables, Tables

READS = ("settings", "ledger", "published_vs_ours")


@style.styled
def draw(tables: Tables, png: Path, pdf: Path) -> None:
    """Speedup of the funnel against the batch size of screening and drafting, per split.

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    figure, axes = style.split_panels(len(study.splits))
    for panel, (benchmark, split) in zip(axes, study.splits, strict=True):
        panel.set_title(split_name(benchmark, split))
        sizes: set[int] = set()
        for agent in study.agents:
            curve(study, panel, "batch_size", "speedup", (agent, benchmark, split))
            sizes |= set(study.ablation("batch_size", agent, benchmark, split)["batch_size"].astype(int))
        panel.axhline(1, color=style.BLACK, linewidth=0.7, linestyle=":")
        panel.xaxis.set_major_locator(FixedLocator(sorted(sizes)))
        panel.set_xlabel("batch size")
    for panel in axes[:: style.WRAP]:
        panel.set_ylabel("speedup over the agent")
    style.times(axes[0])
    style.legend(figure, [handle for handle in curve_handles(study) if handle.get_label() != "published scorer"])
    style.save(figure, png, pdf)
