"""The answers table: every answer that exists, once, with its cost and what both scorers say of it.

Settings only choose among these answers, so whatever is said about a setting (replay) is a join with
this table. An answer is named by (``source``, ``agent``, ``sample_id``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from speceyes.judging.scorers import SCORER_NAMES
from speceyes.method.grid import SPECREASON, Method
from speceyes.records.frames import read_frame
from speceyes.records.passes import COMMON, Pass, by_pass
from speceyes.records.samples import read_samples
from speceyes.records.tables import PROVENANCE_KEY
from speceyes.records.times import Times
from speceyes.records.types import AgentRecord, DraftRecord, StepName
from speceyes.runtime.atomic import whole

NO_BATCH = 0  # batch size of answers given one sample at a time (agents, SpecReason)
ERRORED = frozenset({"error", "no_answer", "repeats_itself"})  # statuses of samples that ended without an answer

# Step and variant under which timing tables have an answer's time.
TIMED_AS: Mapping[str, tuple[StepName, str]] = {
    "draft": ("draft", ""),
    "agent": ("agent", ""),
    "agent-corrected": ("agent", "corrected"),  # which is not timed
    **{method: ("specreason", variant) for variant, method in SPECREASON.items()},
}

_RENAMED = {"text": "answer", "generated_tokens": "tokens"}
_QUESTION = ["benchmark", "question", "options", "gold", "gold_letter"]
_VERDICTS = [f"{scorer}_{field}" for scorer in SCORER_NAMES for field in ("correct", "decided_by")]


@dataclass(frozen=True, slots=True)
class AnswerTables:
    """Where answers and times come from: drafts by (wording, batch size), agents by name, peers by (agent, method)."""

    samples: Sequence[Path]
    drafts: Mapping[tuple[str, int], Sequence[Path]]
    agents: Mapping[str, Sequence[Path]]
    corrected: Mapping[str, Sequence[Path]]
    specreason: Mapping[tuple[str, Method], Sequence[Path]]
    timing: Mapping[str, Sequence[Path]]
    verdicts: Path

    @classmethod
    def of(
        cls,
        *,
        samples: Iterable[Path],
        drafts: Iterable[Path],
        agents: Iterable[Path],
        corrected: Iterable[Path],
        specreason: Iterable[Path],
        corrected_specreason: Iterable[Path],
        timing: Iterable[Path],
        verdicts: Path,
    ) -> AnswerTables:
        """Flat lists of a study's tables, grouped by the passes that they say they hold.

        Raises:
            RecordError: a table does not say which pass it holds, or holds one of another stage.
        """
        return cls(
            samples=list(samples),
            drafts=dict(sorted(by_pass(drafts, "draft", _wording_and_batch).items())),
            agents=by_pass(agents, "agent", lambda held: held.cell.agent),
            corrected=by_pass(corrected, "corrected", lambda held: held.cell.agent),
            specreason=by_pass(specreason, "specreason", _peer)
            | by_pass(corrected_specreason, "corrected_specreason", _peer),
            timing=by_pass(timing, "timing", lambda held: held.cell.agent),
            verdicts=verdicts,
        )


def _wording_and_batch(held: Pass) -> tuple[str, int]:
    """Who words the draft's question, nobody where the words are common; and the batch size."""
    return "" if held.wording == COMMON else str(held.wording), held.batch or NO_BATCH


def _peer(held: Pass) -> tuple[str, Method]:
    """Agent and method of a pass of SpecReason; the corrected variant on a sample of images is a stage of its own."""
    return held.cell.agent, SPECREASON[held.variant or "corrected"]


def scored_answers(tables: AnswerTables) -> pd.DataFrame:
    """One row per answer.

    Returns:
        benchmark, split, sample_id, image_id, source (draft, agent, agent-corrected, specreason,
        specreason-corrected), agent (of a draft's answer the one whose funnel words the question; empty for the common
        words), batch_size (0 where there is none), status, errored, answer,
        latency_s (NaN unless timed), tokens, tool_calls, steps, and per scorer ``<scorer>_correct`` (1, 0, or NaN when
        the judge's reply could not be read or there is no verdict) and ``<scorer>_decided_by`` (rule,
        judge, unparsed, or missing when the verdicts table lacks the answer).

    Raises:
        RecordError: a file that is not a table of answers.
    """
    times = {agent: Times(paths) for agent, paths in tables.timing.items()}
    draft_times = Times([path for paths in tables.timing.values() for path in paths])
    parts = [
        _answers(
            paths, DraftRecord, "text", times.get(wording, draft_times), source="draft", agent=wording, batch_size=batch
        )
        for (wording, batch), paths in tables.drafts.items()
    ]
    parts += [
        _answers(paths, AgentRecord, "answer", times[agent], source=source, agent=agent, batch_size=NO_BATCH)
        for source, agents in (("agent", tables.agents), ("agent-corrected", tables.corrected))
        for agent, paths in agents.items()
    ]
    parts += [
        _answers(paths, AgentRecord, "answer", times[agent], source=method, agent=agent, batch_size=NO_BATCH)
        for (agent, method), paths in tables.specreason.items()
    ]
    answers = pd.concat(parts, ignore_index=True)
    asked = answers.merge(_questions(tables.samples), on="sample_id", how="inner", validate="many_to_one")
    scored = asked.merge(_verdicts(tables.verdicts), on=[*_QUESTION, "answer"], how="left", validate="many_to_one")
    for scorer in SCORER_NAMES:
        scored[f"{scorer}_decided_by"] = scored[f"{scorer}_decided_by"].fillna("missing")
        scored[f"{scorer}_correct"] = scored[f"{scorer}_correct"].astype("float64")
    scored["errored"] = scored["status"].isin(ERRORED)
    return scored.loc[:, COLUMNS]


def drafts_for(agent: str, answers: pd.DataFrame) -> pd.DataFrame:
    """The draft answers among which the funnel over an agent chooses: in that agent's words if it has its own.

    Args:
        agent: its name; the empty one is for the draft alone, in the common words.
        answers: from :func:`scored_answers`.
    """
    drafts = answers[answers["source"] == "draft"]
    own = drafts[drafts["agent"] == agent]
    return own if len(own) else drafts[drafts["agent"] == ""]


COLUMNS = [
    *("benchmark", "split", "sample_id", "image_id", "source", "agent", "batch_size", "status", "errored"),
    *("answer", "latency_s", "tokens", "tool_calls", "steps"),
    *_VERDICTS,
]


def _answers(
    paths: Sequence[Path], kind: type[DraftRecord] | type[AgentRecord], text: str, times: Times, **named: Any
) -> pd.DataFrame:
    """The answers of one pass; a draft answers in one step, without tools."""
    extra = ["tool_calls", "turns"] if kind is AgentRecord else []
    frame = read_frame(paths, kind, [text, "status", "generated_tokens", *extra]).reset_index()
    if extra:
        frame["steps"] = [len(json.loads(turns)) for turns in frame.pop("turns")]
    else:
        frame = frame.assign(tool_calls=0, steps=1)
    frame["latency_s"] = times.of(frame["sample_id"], *TIMED_AS[named["source"]], batch=named["batch_size"])
    frame.columns = pd.Index([_RENAMED.get(name, name) for name in frame.columns])
    return frame.assign(**named)


def _questions(paths: Sequence[Path]) -> pd.DataFrame:
    samples = [sample for path in paths for sample in read_samples(path)]
    names = ["sample_id", "split", "image_id", *_QUESTION]
    frame = pd.DataFrame([[getattr(sample, name) for name in names] for sample in samples], columns=names)
    return frame.assign(options=frame["options"].map(tuple))


def _verdicts(path: Path) -> pd.DataFrame:
    frame: pd.DataFrame = pq.read_table(path, columns=[*_QUESTION, "answer", *_VERDICTS]).to_pandas()
    return frame.assign(options=frame["options"].map(tuple))


def write_answers(path: Path, answers: pd.DataFrame, provenance: dict[str, Any]) -> None:
    """Write the answers table, moved into place when complete."""
    table = pa.Table.from_pandas(answers, preserve_index=False)
    with whole(path) as part:
        pq.write_table(table.replace_schema_metadata({PROVENANCE_KEY: json.dumps(provenance)}), part)
