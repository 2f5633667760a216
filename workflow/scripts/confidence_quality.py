"""Rule confidence_quality: AUROC, AUPR, risk-coverage and ECE of every confidence."""

from pathlib import Path

import pandas as pd
from speceyes.analysis.settings import Settings
from speceyes.runtime.job import job
from speceyes.tables.confidence_quality import confidence_quality
from speceyes.tables.csv_files import write_csv

with job(snakemake.log[0]):
    params = snakemake.params
    table = confidence_quality(
        pd.read_parquet(snakemake.input.outcomes), params.gates, Settings.model_validate(params.statistics)
    )
    write_csv(table, Path(snakemake.output.table))
