"""Rule pareto: the cost-accuracy front, naming dominated settings."""

from pathlib import Path

from speceyes.runtime.job import job
from speceyes.tables.csv_files import read_csv, write_csv
from speceyes.tables.pareto import pareto

with job(snakemake.log[0]):
    table = pareto(read_csv(Path(snakemake.input.settings)))
    write_csv(table, Path(snakemake.output.table))
