"""Rule index: validate a split's rows, write its samples table and images."""

from pathlib import Path

from speceyes.benchmarks.base import load_reader
from speceyes.benchmarks.index import build_index
from speceyes.runtime.job import job

with job(snakemake.log[0]):
    reader = load_reader(snakemake.params.reader)(Path(snakemake.input.folder), snakemake.params.settings)
    build_index(
        reader,
        snakemake.wildcards.benchmark,
        snakemake.wildcards.split,
        Path(snakemake.output.samples),
        Path(snakemake.output.images),
        expected_rows=snakemake.params.rows,
        limit=snakemake.params.limit,
    )
