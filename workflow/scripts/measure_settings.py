"""Rule measure_settings: accuracy, speedup, acceptance and ledger of every setting."""

from pathlib import Path

import pandas as pd
from speceyes.job import job
from speceyes.metrics import check_ledger, settings_and_ledger
from speceyes.statistics.settings import Settings
from speceyes.tables.csv_files import write_csv

with job(snakemake.log[0]):
    settings, ledger = settings_and_ledger(
        {cell: Path(path) for cell, path in snakemake.params.replays.items()},
        pd.read_parquet(snakemake.input.answers),
        Settings.model_validate(snakemake.params.statistics),
    )
    check_ledger(ledger)
    write_csv(settings, Path(snakemake.output.settings))
    write_csv(ledger, Path(snakemake.output.ledger))
