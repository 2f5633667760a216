"""The verdicts table: one row per distinct answer, both scorers, and how each verdict came about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from speceyes.judging.corrected import CorrectedScorer
from speceyes.judging.published import PublishedScorer
from speceyes.judging.questions import Judged
from speceyes.judging.scorers import Scorer, ScorerName
from speceyes.records.tables import PROVENANCE_KEY
from speceyes.runtime.atomic import whole

SCORERS: tuple[Scorer, ...] = (PublishedScorer(), CorrectedScorer())
DecidedBy = Literal["rule", "judge", "unparsed"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One scorer's word on one answer.

    ``correct`` is None when the judge's reply could not be read and the scorer leaves it open;
    ``reply`` is what the judge said, empty when a rule decided.
    """

    correct: bool | None
    decided_by: DecidedBy
    reply: str = ""


Verdicts = dict[Judged, dict[ScorerName, Verdict]]

_QUESTION = {
    "benchmark": pa.string(),
    "question": pa.string(),
    "options": pa.list_(pa.string()),
    "gold": pa.string(),
    "gold_letter": pa.string(),
    "answer": pa.string(),
}
_VERDICT = {"correct": pa.bool_(), "decided_by": pa.string(), "reply": pa.string()}
_SCHEMA = pa.schema(
    [*_QUESTION.items(), *((f"{scorer.name}_{field}", kind) for scorer in SCORERS for field, kind in _VERDICT.items())]
)


def write_verdicts(path: Path, verdicts: Verdicts, provenance: dict[str, Any]) -> None:
    """Write the table, sorted by question and answer, moved into place when complete."""
    rows = []
    for question, by_scorer in sorted(verdicts.items()):
        row: dict[str, Any] = {name: getattr(question, name) for name in _QUESTION}
        for name, verdict in by_scorer.items():
            row |= {f"{name}_{field}": getattr(verdict, field) for field in _VERDICT}
        rows.append(row)
    schema = _SCHEMA.with_metadata({PROVENANCE_KEY: json.dumps(provenance)})
    with whole(path) as part:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), part)


def read_verdicts(path: Path) -> Verdicts:
    """Read a table written by :func:`write_verdicts`."""
    verdicts: Verdicts = {}
    for row in pq.read_table(path).to_pylist():
        question = Judged(**{name: row[name] for name in _QUESTION} | {"options": tuple(row["options"])})
        verdicts[question] = {
            scorer.name: Verdict(*(row[f"{scorer.name}_{field}"] for field in _VERDICT)) for scorer in SCORERS
        }
    return verdicts
