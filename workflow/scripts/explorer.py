"""Rule explorer: the study's samples on one self-contained page, or one page per benchmark."""

from pathlib import Path

from speceyes.pages.explorer.page import write_explorer
from speceyes.pages.explorer.sources import StudyTables
from speceyes.runtime.job import job

with job(snakemake.log[0]):
    params = snakemake.params
    named = {"study": params.study, "comparable": params.comparable, "media": params.media}
    write_explorer(
        StudyTables.model_validate(params.tables | named),
        Path(snakemake.output.page),
        {benchmark: Path(path) for benchmark, path in params.apart.items()},
        snakemake.threads,
    )
