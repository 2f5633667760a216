"""What the expensive stages leave behind: typed per-sample records, crash-safe while running, one table after.

A stage appends each finished record to a journal (one JSON line, flushed), keyed by sample id. A
killed job reads the journal again and goes on with the next sample. When every sample is there the
journal becomes one Parquet table with the run's provenance inside.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, Literal, Self, TypeVar, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

FORMAT_VERSION = 1
PROVENANCE_KEY = b"speceyes.provenance"

Box = tuple[int, int, int, int]


class RecordError(Exception):
    """A journal or table that cannot be read as what it claims to be; the message names file and line."""


class Record(BaseModel):
    """One sample's outcome in one stage. ``status`` is ``ok`` or says in one word what went wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sample_id: str
    status: str = "ok"
    error: str = ""
    latency_s: float = 0.0
    generated_tokens: int = 0


class ScreenRecord(Record):
    """Phase I. ``tool_free`` is the verdict: the text, lower-cased, starts with "no"."""

    text: str
    tool_free: bool


class DraftRecord(Record):
    """Phase II. ``top_logprobs`` has one row per token, each descending, K_max wide; both may be empty."""

    text: str
    tokens: tuple[str, ...]
    top_logprobs: tuple[tuple[float, ...], ...]


ToolStatus = Literal["ok", "malformed", "unknown_tool", "box_outside", "box_degenerate", "timeout", "failed", "refused"]


class ToolUse(BaseModel):
    """One tool call or code block inside a turn, as parsed, with what came of it.

    ``box`` is in the original image's pixels (x1, y1, x2, y2), after scaling and clipping; empty for
    code. ``images`` are content-addressed file names in the study's media folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    arguments: str = ""
    status: ToolStatus
    detail: str = ""
    box: Box | tuple[()] = ()
    output: str = ""
    images: tuple[str, ...] = ()
    latency_s: float = 0.0


class Turn(BaseModel):
    """One generation of an agent (or one SpecReason step) with the tool use it led to.

    ``author`` is who wrote the text: the agent's model, or the draft model for an accepted
    speculative step; ``score`` is SpecReason's 0-9 verdict on the draft's proposal, else None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    author: Literal["agent", "draft"] = "agent"
    generated_tokens: int
    latency_s: float
    tool: ToolUse | None = None
    score: int | None = None


AGENT_STATUSES = ("ok", "no_answer", "repeats_itself", "error")


class AgentRecord(Record):
    """A whole agent episode (or SpecReason episode). ``answer`` is what the judge sees.

    Statuses: ``ok``; ``no_answer`` when the allowed generations ran out; ``repeats_itself`` when a
    deterministic loop was cut short; ``error`` with ``error`` saying why.
    """

    answer: str
    turns: tuple[Turn, ...]
    tool_calls: int


class LiveRecord(Record):
    """One sample through the funnel, timed. ``source`` says whose answer was kept."""

    tool_free: bool
    accepted: bool
    confidence: float
    source: Literal["draft", "agent"]
    answer: str
    screen_s: float
    draft_s: float
    agent_s: float
    tool_calls: int


R = TypeVar("R", bound=Record)


class Journal(Generic[R]):
    """An append-only file of records of one type, keyed by sample id, safe to kill at any byte.

    The first line is a header with the format version, the record type and a fingerprint of all that
    the records depend on (code, settings, models, data). A journal with another fingerprint is not
    continued: give each fingerprint its own file name.
    """

    def __init__(self, path: Path, kind: type[R], fingerprint: str) -> None:
        self.path = path
        self.kind = kind
        header = {"format": FORMAT_VERSION, "record": kind.__name__, "fingerprint": fingerprint}
        self._header = f"{json.dumps(header)}\n".encode()
        self.done: dict[str, R] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size:
            self._recover()
        else:
            path.write_bytes(self._header)
        self._file = path.open("a", encoding="utf-8")

    def _recover(self) -> None:
        """Read what a killed run left; a torn last line is cut off."""
        with self.path.open("rb") as handle:
            header = handle.readline()
            if not header.endswith(b"\n"):
                self.path.write_bytes(self._header)
                return
            if header != self._header:
                raise RecordError(f"{self.path}:1: written by another version or setting; remove it to start anew")
            good = handle.tell()
            for number, line in enumerate(handle, start=2):
                if not line.endswith(b"\n"):
                    break
                try:
                    record = self.kind.model_validate_json(line)
                except ValidationError as error:
                    first = error.errors()[0]
                    field = ".".join(map(str, first["loc"])) or "record"
                    raise RecordError(f"{self.path}:{number}: {field}: {first['msg']}") from error
                self.done[record.sample_id] = record
                good = handle.tell()
        os.truncate(self.path, good)

    def append(self, record: R) -> None:
        """Write one record and flush it to the operating system."""
        self._file.write(record.model_dump_json() + "\n")
        self._file.flush()
        self.done[record.sample_id] = record

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()


def _arrow_type(name: str, annotation: Any) -> pa.DataType:
    simple = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
    if annotation in simple:
        return simple[annotation]
    if name == "tokens":
        return pa.list_(pa.string())
    if name == "top_logprobs":
        return pa.list_(pa.list_(pa.float32()))
    if getattr(annotation, "__origin__", None) is Literal:
        return pa.string()
    return pa.string()  # nested models travel as JSON text


def _schema(kind: type[Record], provenance: dict[str, Any]) -> pa.Schema:
    hints = get_type_hints(kind)
    fields = [(name, _arrow_type(name, hints[name])) for name in kind.model_fields]
    metadata = {PROVENANCE_KEY: json.dumps(provenance | {"format": FORMAT_VERSION, "record": kind.__name__})}
    return pa.schema(fields, metadata=metadata)


def _row(record: Record) -> dict[str, Any]:
    row = record.model_dump(mode="python")
    if "turns" in row:
        row["turns"] = json.dumps([turn.model_dump(mode="json") for turn in record.turns])  # type: ignore[attr-defined]
    return row


def write_table(path: Path, kind: type[R], records: Iterable[R], provenance: dict[str, Any]) -> None:
    """Write records, in the order given, as one Parquet table; streamed in groups, moved into place."""
    schema = _schema(kind, provenance)
    part = path.with_name(path.name + ".part")
    with pq.ParquetWriter(part, schema) as writer:
        group: list[dict[str, Any]] = []
        for record in records:
            group.append(_row(record))
            if len(group) == 256:
                writer.write_table(pa.Table.from_pylist(group, schema=schema))
                group = []
        writer.write_table(pa.Table.from_pylist(group, schema=schema))
    part.replace(path)


def read_table(path: Path, kind: type[R]) -> Iterator[R]:
    """Stream the records of a table written by :func:`write_table`.

    Raises:
        RecordError: the file holds another record type or format version.
    """
    file = pq.ParquetFile(path)
    stamp = json.loads((file.schema_arrow.metadata or {}).get(PROVENANCE_KEY, b"{}"))
    if stamp.get("record") != kind.__name__ or stamp.get("format") != FORMAT_VERSION:
        raise RecordError(f"{path}: holds {stamp.get('record')} format {stamp.get('format')}, not {kind.__name__}")
    for batch in file.iter_batches(batch_size=256):
        for row in batch.to_pylist():
            if "turns" in row:
                row["turns"] = json.loads(row["turns"])
            yield kind.model_validate(row)


def read_provenance(path: Path) -> dict[str, Any]:
    """The provenance stamped into a table."""
    metadata = pq.read_schema(path).metadata or {}
    stamp: dict[str, Any] = json.loads(metadata.get(PROVENANCE_KEY, b"{}"))
    return stamp


def run_pending(
    samples: Sequence[Any], journal: Journal[R], batch_size: int, work: Callable[[Sequence[Any]], Sequence[R]]
) -> None:
    """Call ``work`` on batches of the samples that the journal lacks and append what it returns."""
    pending = [sample for sample in samples if sample.sample_id not in journal.done]
    for start in range(0, len(pending), batch_size):
        for record in work(pending[start : start + batch_size]):
            journal.append(record)
