"""Rule main_table: the paper's Table 1 as CSV, Markdown and LaTeX."""

from pathlib import Path

from speceyes.runtime.job import job
from speceyes.tables.csv_files import read_csv, write_csv
from speceyes.tables.main_table import main_table
from speceyes.tables.typeset import write_main_table

with job(snakemake.log[0]):
    table = main_table(read_csv(Path(snakemake.input.settings)), read_csv(Path(snakemake.input.specreason_steps)))
    write_csv(table, Path(snakemake.output.csv))
    write_main_table(table, Path(snakemake.output.markdown), Path(snakemake.output.latex))
