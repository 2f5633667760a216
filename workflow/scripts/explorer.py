"""Rule explorer: the study's samples on one self-contained page, or one page per benchmark."""

from pathlib import Path

from speceyes.pages.explorer.page import write_explorer
from speceyes.pages.explorer.sources import StudyTables, split_tables
from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0]):
    stored, params = snakemake.input, snakemake.params
    tables = StudyTables(
        study=params.study,
        comparable=params.comparable,
        epsilon=params.epsilon,
        answers=stored.answers,
        verdicts=stored.verdicts,
        settings=stored.settings,
        category_scores=stored.category_scores,
        media=Layout.of(params.study).media,
        splits=split_tables(
            samples=list(map(Path, stored.samples)),
            images=list(map(Path, stored.images)),
            drafts=map(Path, stored.drafts),
            confidences=map(Path, stored.confidences),
            screens=map(Path, stored.screens),
            agents=map(Path, stored.agents),
            timing=map(Path, stored.timing),
        ),
    )
    pages = dict(zip(params.apart, map(Path, snakemake.output.apart), strict=True))
    write_explorer(tables, Path(snakemake.output.page), pages, snakemake.threads)
