"""Rule score_answers: every answer that exists, once, with what both scorers say of it."""

from pathlib import Path

from speceyes.analysis.answers import AnswerTables, scored_answers, write_answers
from speceyes.runtime.job import job
from speceyes.runtime.provenance import provenance

with job(snakemake.log[0]):
    stored = snakemake.input
    tables = AnswerTables.of(
        samples=map(Path, stored.samples),
        drafts=map(Path, stored.drafts),
        agents=map(Path, stored.agents),
        corrected=map(Path, stored.corrected),
        specreason=map(Path, stored.specreason),
        corrected_specreason=map(Path, stored.corrected_specreason),
        timing=map(Path, stored.timing),
        verdicts=Path(stored.verdicts),
    )
    write_answers(Path(snakemake.output.table), scored_answers(tables), provenance({}, {"code": snakemake.params.code}))
