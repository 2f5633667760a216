"""Rule specreason_steps: proposals accepted, steps and tokens."""

from pathlib import Path

from speceyes.runtime.job import job
from speceyes.tables.csv_files import write_csv
from speceyes.tables.specreason_steps import specreason_steps

with job(snakemake.log[0]):
    tables = {key: [Path(path) for path in found] for key, found in snakemake.params.tables.items()}
    table = specreason_steps(tables)
    write_csv(table, Path(snakemake.output.table))
