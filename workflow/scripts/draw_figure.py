"""Rule draw_figure: one figure, by the library module of its name."""

from importlib import import_module
from pathlib import Path

from speceyes.runtime.job import job

with job(snakemake.log[0]):
    figure = import_module(f"speceyes.figures.{snakemake.wildcards.figure}")
    tables = {name: Path(path) for name in figure.READS for path in snakemake.input.get(name)}
    figure.draw(tables, Path(snakemake.output.png), Path(snakemake.output.pdf))
