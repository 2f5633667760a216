"""Rule draw_figure_of_benchmark: one figure from one benchmark's rows, by the library module of its name."""

from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from speceyes.figures.one_benchmark import tables_of
from speceyes.runtime.job import job

with job(snakemake.log[0]), TemporaryDirectory() as folder:
    figure = import_module(f"speceyes.figures.{snakemake.wildcards.figure}")
    tables = {name: Path(path) for name in figure.READS for path in snakemake.input.get(name)}
    rows = tables_of(tables, snakemake.wildcards.benchmark, Path(folder))
    figure.draw(rows, Path(snakemake.output.png), Path(snakemake.output.pdf))
