"""Rule write_study_page: the study on one page, findings first; its passes need no journals any more."""

from pathlib import Path

from speceyes.pages.html_page import html_page
from speceyes.pages.study_page import study_page
from speceyes.records.journal import remove_finished
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
    Path(snakemake.output.page).write_text(page, encoding="utf-8")
    title = f"{snakemake.params.study}: what was found"
    Path(snakemake.output.html).write_text(html_page(title, page), encoding="utf-8")
    remove_finished(Path(Layout.of(snakemake.params.study).journals))
