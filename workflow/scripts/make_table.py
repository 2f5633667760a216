"""Rule make_table: one table, by the library module of its name."""

from importlib import import_module
from pathlib import Path

from speceyes.runtime.job import job
from speceyes.study.layout import Layout
from speceyes.tables.csv_files import write_csv
from speceyes.tables.inputs import TableInputs
from speceyes.tables.table_settings import TableSettings

with job(snakemake.log[0]):
    table = import_module(f"speceyes.tables.{snakemake.wildcards.table}")
    inputs = TableInputs(
        files={name: [Path(path) for path in snakemake.input.get(name, [])] for name in table.READS},
        study=TableSettings.model_validate(snakemake.params.settings),
        results=Path(Layout.of(snakemake.params.study).results),
    )
    write_csv(table.make(inputs), Path(snakemake.output.table))
