"""Rule deferral: accuracy against the share handed to the agent."""

from pathlib import Path

import pandas as pd
from speceyes.analysis.settings import Settings
from speceyes.runtime.job import job
from speceyes.tables.csv_files import write_csv
from speceyes.tables.deferral import deferral_curves

with job(snakemake.log[0]):
    params = snakemake.params
    table = deferral_curves(
        pd.read_parquet(snakemake.input.outcomes),
        params.metrics,
        params.top_k,
        Settings.model_validate(params.statistics),
    )
    write_csv(table, Path(snakemake.output.table))
