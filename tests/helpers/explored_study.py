"""A synthetic study as the explorer's rule describes a real one."""

from __future__ import annotations

from pathlib import Path

from speceyes.analysis.answers import scored_answers, write_answers
from speceyes.pages.explorer.sources import SplitTables, StudyTables
from synthetic_study import BATCH, SyntheticStudy


def explorer_tables(
    study: SyntheticStudy, tables: Path, images: Path, media: Path, name: str = "synthetic"
) -> StudyTables:
    """The study with the tables of :func:`synthetic_tables.write_tables`; writes the answers beside them."""
    write_answers(tables / "answers.parquet", scored_answers(study.answer_tables()), {})
    return StudyTables(
        study=name,
        comparable=False,
        epsilon=0.02,
        answers=tables / "answers.parquet",
        verdicts=study.answer_tables().verdicts,
        settings=tables / "settings.csv",
        category_scores=tables / "category_scores.csv",
        media=media,
        splits={where: _split(study, *where, images) for where in study.splits},
    )


def _split(study: SyntheticStudy, benchmark: str, split: str, images: Path) -> SplitTables:
    passes = {agent: study.passes(agent, benchmark, split) for agent in study.agents}
    first = passes[study.agents[0]]
    return SplitTables(
        samples=first.samples,
        images=images,
        drafts={w: [study.table("draft", benchmark, split, wording=w, batch=BATCH)[0]] for w in study.wordings},
        confidences={w: study.table("confidence", benchmark, split, wording=w, batch=BATCH)[0] for w in study.wordings},
        screens={agent: list(own.screens) for agent, own in passes.items()},
        agents={agent: list(own.agents) for agent, own in passes.items()},
        timing={agent: own.timing for agent, own in passes.items()},
    )
