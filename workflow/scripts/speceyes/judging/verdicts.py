"""The verdicts table: one row per distinct answer, both scorers, and how each verdict came about."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from speceyes.judging.client import JudgeClient
from speceyes.judging.corrected import Corrected
from speceyes.judging.published import Published
from speceyes.judging.questions import Judged
from speceyes.judging.scorers import AskJudge, JudgePrompts, Scorer, ScorerName
from speceyes.records import PROVENANCE_KEY

log = logging.getLogger(__name__)

SCORERS: tuple[Scorer, ...] = (Published(), Corrected())
NUDGE = "\nReply with nothing but Judgement: 1 or Judgement: 0."
DecidedBy = Literal["rule", "judge", "unparsed"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One scorer's word on one answer; ``correct`` is None when the judge's reply could not be read."""

    correct: bool | None
    decided_by: DecidedBy
    reply: str = ""


Verdicts = dict[Judged, dict[ScorerName, Verdict]]
# Given to judge_all as a function, so that a run whose answers are all cached starts no server.
OpenJudge = Callable[[], AbstractContextManager[JudgeClient]]


def judge_all(
    questions: Sequence[Judged], prompts: JudgePrompts, lookup: JudgeClient, open_judge: OpenJudge
) -> Verdicts:
    """Rules first, then the judge for what is left, then the judge again for replies that say nothing.

    Args:
        questions: distinct answers.
        prompts: the judge's wording.
        lookup: a client used for its cache only.
        open_judge: opens a client to a judge that answers; called only if the cache lacks replies.
    """
    asked: dict[tuple[Judged, ScorerName], str] = {}
    verdicts: Verdicts = {question: {} for question in questions}
    for question in questions:
        for scorer in SCORERS:
            decision = scorer.decide(question)
            if isinstance(decision, AskJudge):
                asked[question, scorer.name] = prompts.render(question, decision.gold)
            else:
                verdicts[question][scorer.name] = Verdict(decision, "rule")
    log.info("%d distinct answers, %d to be judged", len(questions), len(set(asked.values())))
    replies = _ask(set(asked.values()), lookup, open_judge)
    unread = {prompt for (q, name), prompt in asked.items() if _scorer(name).read_reply(q, replies[prompt]) is None}
    again = _ask({prompt + NUDGE for prompt in unread}, lookup, open_judge)
    for (question, name), prompt in asked.items():
        verdicts[question][name] = _verdict(_scorer(name), question, replies[prompt], again.get(prompt + NUDGE))
    return verdicts


def _ask(prompts: set[str], lookup: JudgeClient, open_judge: OpenJudge) -> dict[str, str]:
    found = {prompt: reply for prompt in prompts if (reply := lookup.cached(prompt)) is not None}
    if len(found) < len(prompts):
        with open_judge() as client:
            found = client.replies(sorted(prompts))
    return found


def _scorer(name: ScorerName) -> Scorer:
    return next(scorer for scorer in SCORERS if scorer.name == name)


def _verdict(scorer: Scorer, question: Judged, reply: str, second: str | None) -> Verdict:
    """The published scorer counts an unreadable first reply as wrong; the corrected one asks twice, then leaves it unscored."""
    correct = scorer.read_reply(question, reply)
    if correct is None and scorer.name == "corrected" and second is not None:
        correct, reply = scorer.read_reply(question, second), second
    return Verdict(correct, "judge" if correct is not None else "unparsed", reply)


_SCHEMA = pa.schema(
    [
        ("benchmark", pa.string()),
        ("question", pa.string()),
        ("options", pa.list_(pa.string())),
        ("gold", pa.string()),
        ("gold_letter", pa.string()),
        ("answer", pa.string()),
        *(
            (f"{scorer.name}_{field}", kind)
            for scorer in SCORERS
            for field, kind in (("correct", pa.bool_()), ("decided_by", pa.string()), ("reply", pa.string()))
        ),
    ]
)


def write_verdicts(path: Path, verdicts: Verdicts, provenance: dict[str, Any]) -> None:
    """Write the table, sorted by question and answer."""
    rows = []
    for question, by_scorer in sorted(verdicts.items()):
        row: dict[str, Any] = {name: getattr(question, name) for name in _SCHEMA.names[:6]}
        for name, verdict in by_scorer.items():
            row |= {f"{name}_{field}": getattr(verdict, field) for field in ("correct", "decided_by", "reply")}
        rows.append(row)
    schema = _SCHEMA.with_metadata({PROVENANCE_KEY: json.dumps(provenance)})
    part = path.with_name(path.name + ".part")
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), part)
    part.replace(path)


def read_verdicts(path: Path) -> Verdicts:
    """Read a table written by :func:`write_verdicts`."""
    verdicts: Verdicts = {}
    for row in pq.read_table(path).to_pylist():
        question = Judged(**{name: row[name] for name in _SCHEMA.names[:6]} | {"options": tuple(row["options"])})
        verdicts[question] = {
            scorer.name: Verdict(*(row[f"{scorer.name}_{field}"] for field in ("correct", "decided_by", "reply")))
            for scorer in SCORERS
        }
    return verdicts
