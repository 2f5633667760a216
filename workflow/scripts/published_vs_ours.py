"""Rule published_vs_ours: the paper's numbers beside ours, cell by cell."""

from pathlib import Path

from speceyes.runtime.job import job
from speceyes.tables.csv_files import read_csv, write_csv
from speceyes.tables.published_vs_ours import published_vs_ours

with job(snakemake.log[0]):
    table = published_vs_ours(
        read_csv(Path(snakemake.input.settings)), Path(snakemake.input.published), snakemake.params.comparable
    )
    write_csv(table, Path(snakemake.output.table))
