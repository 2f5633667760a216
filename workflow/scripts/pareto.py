"""Rule pareto: the cost-accuracy front, naming dominated settings."""

from pathlib import Path

from speceyes.job import job
from speceyes.statistics.pareto import pareto
from speceyes.tables.csv_files import read_csv, write_csv

with job(snakemake.log[0]):
    table = pareto(read_csv(Path(snakemake.input.settings)))
    write_csv(table, Path(snakemake.output.table))
