"""Rule write_study_page: the study on one page, findings first; its passes need no journals any more."""

from pathlib import Path

from speceyes.pages.html_page import html_page
from speceyes.pages.study_page import study_page
from speceyes.records.journal import remove_finished
from speceyes.runtime.atomic import write_whole
from speceyes.runtime.job import job
from speceyes.study.layout import Layout
from speceyes.tables.csv_files import read_csv

with job(snakemake.log[0]):
    page = study_page(
        study=snakemake.params.study,
        comparable=snakemake.params.comparable,
        claims=read_csv(Path(snakemake.input.claims)),
        level=snakemake.params.level,
        settings=read_csv(Path(snakemake.input.settings)),
        live=read_csv(Path(snakemake.input.live[0])) if snakemake.input.live else None,
        throughput=read_csv(Path(snakemake.input.throughput[0])) if snakemake.input.throughput else None,
        protocols=read_csv(Path(snakemake.input.protocols)),
        faults=read_csv(Path(snakemake.input.faults)),
        main_table=Path(snakemake.input.main_table).read_text(encoding="utf-8"),
        recommended=read_csv(Path(snakemake.input.recommended)),
        captions=snakemake.params.captions,
    )
    write_whole(Path(snakemake.output.page), page)
    title = f"{snakemake.params.study}: what was found"
    write_whole(Path(snakemake.output.html), html_page(title, page))
    remove_finished(Path(Layout.of(snakemake.params.study).journals))
