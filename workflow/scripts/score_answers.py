"""Rule score_answers: every answer that exists, once, with what both scorers say of it."""

from pathlib import Path

from pydantic import TypeAdapter
from speceyes.analysis.answers import AnswerTables, scored_answers, write_answers
from speceyes.runtime.job import job
from speceyes.runtime.provenance import provenance

with job(snakemake.log[0]):
    answers = scored_answers(TypeAdapter(AnswerTables).validate_python(snakemake.params.tables))
    write_answers(Path(snakemake.output.table), answers, provenance({}, {"code": snakemake.params.code}))
