"""What happened to one sample of a study: question, screening, draft with confidences, agents turn by turn, verdicts.

Reads the result tables that exist; a stage that has not run yet is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pyarrow.parquet as pq

from speceyes.records.samples import Sample, read_samples
from speceyes.records.tables import read_table
from speceyes.records.types import AgentRecord, DraftRecord, Record, ScreenRecord, Turn

R = TypeVar("R", bound=Record)

WIDTH = 400  # characters of a model's text that are shown


class UnknownSampleError(Exception):
    """The study has no such sample."""


def explain(results: Path, sample_id: str) -> str:
    """All stages of one sample as text.

    Args:
        results: a study's folder, ``results/<study>``.
        sample_id: ``benchmark/split/row``, as in the tables and the explorer.

    Raises:
        UnknownSampleError: the index of the study does not hold it.
    """
    sample = _sample(results, sample_id)
    parts = [_question(sample)]
    for title, kind, stage in (
        ("Screening", ScreenRecord, "screen"),
        ("Draft", DraftRecord, "draft"),
        ("Agent", AgentRecord, "agent"),
        ("SpecReason", AgentRecord, "specreason"),
    ):
        for where, record in _records(results, stage, sample, kind):
            parts.append(f"{title} {where}\n" + "\n".join(_lines(record)))
        if stage == "draft":
            parts += _confidences(results, sample)
    return "\n\n".join([*parts, *_verdicts(results, sample)])


def _sample(results: Path, sample_id: str) -> Sample:
    path = results / "index" / Path(sample_id).parent / "samples.parquet"
    found = [sample for sample in read_samples(path) if sample.sample_id == sample_id] if path.exists() else []
    if not found:
        known = sorted(
            str(table.parent.relative_to(results / "index")) for table in results.glob("index/**/samples.parquet")
        )
        raise UnknownSampleError(
            f"{results} has no sample {sample_id!r}; its splits: {', '.join(known) or 'none indexed yet'}"
        )
    return found[0]


def _records(results: Path, stage: str, sample: Sample, kind: type[R]) -> Iterator[tuple[str, R]]:
    """The sample's records of a stage with where they lie: the agent, the variant, the batch size."""
    split = f"{sample.benchmark}/{sample.split}"
    for path in sorted((results / stage).glob(f"**/{split}/**/*.parquet")):
        where = str(path.parent.relative_to(results / stage)).replace(split, "").strip("/").replace("//", " ")
        for record in read_table(path, kind):
            if record.sample_id == sample.sample_id:
                yield where, record


def _question(sample: Sample) -> str:
    options = (f"    {_short(option)}" for option in sample.lettered_options)
    lines = [sample.sample_id, f"  {_short(sample.question)}", *options]
    right = f"{sample.gold_letter}. {sample.gold}" if sample.options else sample.gold
    return "\n".join(
        [*lines, f"  right: {_short(right)}", f"  picture: {sample.image}, {sample.width} x {sample.height} pixels"]
    )


def _lines(record: Record) -> Iterator[str]:
    if record.status != "ok":
        yield f"  {record.status}: {_short(record.error)}"
    match record:
        case ScreenRecord():
            yield f"  {'needs no tools' if record.tool_free else 'needs tools'}: it said {_short(record.text)}"
        case DraftRecord():
            yield f"  {_short(record.text)}"
        case AgentRecord():
            for number, turn in enumerate(record.turns, start=1):
                yield from _turn(number, turn)
            yield f"  answer: {_short(record.answer)}"
    yield f"  {record.generated_tokens} tokens"


def _turn(number: int, turn: Turn) -> Iterator[str]:
    score = "" if turn.score is None else f", scored {turn.score}"
    yield f"  turn {number} by the {turn.author}{score}: {_short(turn.text)}"
    if turn.tool:
        box = f" {list(turn.tool.box)}" if turn.tool.box else ""
        detail = f": {_short(turn.tool.detail)}" if turn.tool.detail else ""
        yield f"    {_short(turn.tool.name)}{box} {turn.tool.status}{detail}"
        if turn.tool.output:
            yield f"    printed: {_short(turn.tool.output)}"


def _confidences(results: Path, sample: Sample) -> Iterator[str]:
    """One line per metric and batch size: the confidence at every K."""
    for path in sorted((results / "confidence" / sample.benchmark / sample.split).glob("*.parquet")):
        rows = pq.read_table(path, filters=[("sample_id", "=", sample.sample_id)]).to_pylist()
        lines = [
            f"  {metric:<10}"
            + "".join(f" K={row['top_k']} {row['confidence']:.4f}" for row in rows if row["metric"] == metric)
            for metric in dict.fromkeys(row["metric"] for row in rows)
        ]
        if lines:
            yield "\n".join([f"Confidence of the draft {path.stem}", *lines])


def _verdicts(results: Path, sample: Sample) -> Iterator[str]:
    path = results / "tables" / "answers.parquet"
    if not path.exists():
        return
    lines = ["Verdicts"]
    for row in pq.read_table(path, filters=[("sample_id", "=", sample.sample_id)]).to_pylist():
        who = f"{row['source']} {row['agent']}".strip() + (f" b{row['batch_size']}" if row["batch_size"] else "")
        verdicts = "; ".join(
            f"{scorer} {row[f'{scorer}_correct']:g} by {row[f'{scorer}_decided_by']}"
            for scorer in ("published", "corrected")
        )
        lines.append(f"  {who:<32} {verdicts}: {_short(row['answer'])}")
    yield "\n".join(lines)


def _short(text: str) -> str:
    """One line of text, cut where it is long, without control characters."""
    line = "".join(sign if sign.isprintable() else "\ufffd" for sign in " ".join(text.split()))
    return line if len(line) <= WIDTH else f"{line[:WIDTH]}... ({len(line)} characters)"
