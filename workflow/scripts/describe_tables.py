"""Rule describe_tables: the data dictionary of all tables, and Parquet beside the large ones."""

from pathlib import Path

from speceyes.runtime.job import job
from speceyes.tables.dictionary import SAMPLE_TABLES, Described, write_dictionary, write_parquet

with job(snakemake.log[0]):
    words = snakemake.params.words | SAMPLE_TABLES
    tables = [Described.of(path, *words[path.stem]) for path in map(Path, snakemake.input)]
    write_dictionary(snakemake.params.study, tables, Path(snakemake.output.page), Path(snakemake.output.package))
    for beside in map(Path, snakemake.output.typed):
        write_parquet(beside.with_suffix(".csv"), beside)
