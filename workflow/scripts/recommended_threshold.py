"""Rule recommended_threshold: a threshold with a guarantee, beside the paper's."""

from pathlib import Path

import pandas as pd
from speceyes.analysis.settings import Settings
from speceyes.runtime.job import job
from speceyes.tables.csv_files import write_csv
from speceyes.tables.recommended_threshold import recommended_thresholds

with job(snakemake.log[0]):
    params = snakemake.params
    table = recommended_thresholds(
        pd.read_parquet(snakemake.input.outcomes),
        pd.DataFrame(params.points),
        params.top_k,
        Settings.model_validate(params.statistics),
    )
    write_csv(table, Path(snakemake.output.table))
