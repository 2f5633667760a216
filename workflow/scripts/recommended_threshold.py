"""Rule recommended_threshold: a threshold with a guarantee, beside the paper's."""

from pathlib import Path

import pandas as pd
from speceyes.job import job
from speceyes.statistics.settings import Settings
from speceyes.statistics.threshold_choice import recommended_thresholds
from speceyes.tables.csv_files import write_csv

with job(snakemake.log[0]):
    params = snakemake.params
    table = recommended_thresholds(
        pd.read_parquet(snakemake.input.outcomes),
        pd.DataFrame(params.points),
        params.top_k,
        Settings.model_validate(params.statistics),
    )
    write_csv(table, Path(snakemake.output.table))
