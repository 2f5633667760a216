"""Rule measure_settings: accuracy, speedup, acceptance and ledger of every setting."""

from pathlib import Path

import pandas as pd
from speceyes.analysis.ledger import check_ledger
from speceyes.analysis.measures import replays_by_cell, settings_and_ledger
from speceyes.analysis.settings import StatisticsSettings
from speceyes.runtime.job import job
from speceyes.tables.csv_files import write_csv

with job(snakemake.log[0]):
    settings, ledger = settings_and_ledger(
        replays_by_cell(map(Path, snakemake.input.replays)),
        pd.read_parquet(snakemake.input.answers),
        StatisticsSettings.model_validate(snakemake.params.statistics),
    )
    check_ledger(ledger)
    write_csv(settings, Path(snakemake.output.settings))
    write_csv(ledger, Path(snakemake.output.ledger))
