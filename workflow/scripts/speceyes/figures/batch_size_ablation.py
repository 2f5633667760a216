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
    """Speedup of the funnel against the batch size of screening and drafting, per split that ran at several.

    Raises:
        LedgerError: the tables do not add up.
    """
    study = FigureTables(tables)
    sizes = {place: sizes for place in study.splits if len(sizes := _sizes(study, *place)) > 1}
    figure, axes = style.split_panels(max(1, len(sizes)))
    if not sizes:
        style.note_empty(axes[0], "no split ran at several batch sizes")
        axes[0].set_xticks([])
    for panel, (benchmark, split) in zip(axes, sizes, strict=False):
        panel.set_title(split_name(benchmark, split))
        for agent in study.agents:
            curve(study, panel, "batch_size", "speedup", (agent, benchmark, split))
        panel.axhline(1, color=style.BLACK, linewidth=0.7, linestyle=":")
        panel.xaxis.set_major_locator(FixedLocator(sizes[benchmark, split]))
        panel.set_xlabel("batch size")
    for panel in style.first_in_row(axes):
        panel.set_ylabel("speedup over the agent")
    style.speedup_axis(axes[0], study.funnel["speedup"], "y")
    style.legend(figure, [handle for handle in curve_handles(study) if handle.get_label() != "published scorer"])
    style.save(figure, png, pdf)


def _sizes(study: FigureTables, benchmark: str, split: str) -> list[int]:
    """Batch sizes at which a split ran, with any agent."""
    rows = [study.ablation("batch_size", agent, benchmark, split) for agent in study.agents]
    return sorted({int(size) for table in rows for size in table["batch_size"]})
