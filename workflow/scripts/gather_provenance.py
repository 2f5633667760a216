"""Rule gather_provenance: one row per stored pass, from the stamp in each table."""

from pathlib import Path

from speceyes.runtime.job import job
from speceyes.tables.csv_files import write_csv
from speceyes.tables.provenance import provenance_table

with job(snakemake.log[0]):
    tables = [Path(path) for path in (*snakemake.input.passes, snakemake.input.verdicts)]
    output = Path(snakemake.output.table)
    write_csv(provenance_table(tables, output.parent.parent), output)
