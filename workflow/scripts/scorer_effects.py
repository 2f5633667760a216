"""Rule scorer_effects: what each difference between the scorers does."""

from pathlib import Path

import pandas as pd
from speceyes.runtime.job import job
from speceyes.tables.csv_files import write_csv
from speceyes.tables.scorer_effects import scorer_effects

with job(snakemake.log[0]):
    table = scorer_effects(pd.read_parquet(snakemake.input.answers))
    write_csv(table, Path(snakemake.output.table))
