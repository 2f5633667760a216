"""Rule typeset_main_table: the paper's Table 1 in Markdown and LaTeX."""

from pathlib import Path

from speceyes.runtime.job import job
from speceyes.tables.csv_files import read_csv
from speceyes.tables.typeset import write_main_table

with job(snakemake.log[0]):
    write_main_table(
        read_csv(Path(snakemake.input.table)), Path(snakemake.output.markdown), Path(snakemake.output.latex)
    )
