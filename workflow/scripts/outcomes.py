"""Rule outcomes: what screening said, what draft and agent would answer and cost, sample by sample."""

from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter
from speceyes.analysis.outcomes import OutcomeTables, outcomes, write_outcomes
from speceyes.runtime.job import job

with job(snakemake.log[0]):
    tables = TypeAdapter(OutcomeTables).validate_python(snakemake.params.tables)
    write_outcomes(outcomes(tables, pd.read_parquet(snakemake.input.answers)), Path(snakemake.output.table))
