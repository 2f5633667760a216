"""Rule live_vs_replay: the same answers sample for sample, both speedups."""

from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter
from speceyes.runtime.job import job
from speceyes.tables.csv_files import write_csv
from speceyes.tables.live_vs_replay import LiveRun, live_vs_replay

with job(snakemake.log[0]):
    runs = TypeAdapter(list[LiveRun]).validate_python(snakemake.params.runs)
    table = live_vs_replay(runs, pd.read_parquet(snakemake.input.answers))
    write_csv(table, Path(snakemake.output.table))
