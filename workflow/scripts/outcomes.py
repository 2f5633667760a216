"""Rule outcomes: what screening said, what draft and agent would answer and cost, sample by sample."""

from pathlib import Path

import pandas as pd
from speceyes.analysis.outcomes import OutcomeTables, outcomes, write_outcomes
from speceyes.runtime.job import job

with job(snakemake.log[0]):
    stored = snakemake.input
    tables = OutcomeTables.of(map(Path, stored.replays), map(Path, stored.confidences), snakemake.params.batch_sizes)
    write_outcomes(outcomes(tables, pd.read_parquet(stored.answers)), Path(snakemake.output.table))
