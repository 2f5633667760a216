"""Records of a finished stage: one Parquet table with the run's provenance inside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq

from speceyes.records.types import FORMAT_VERSION, Record, RecordError
from speceyes.runtime.atomic import whole
from speceyes.runtime.provenance import digest

PROVENANCE_KEY = b"speceyes.provenance"
NESTED = {"turns", "times"}  # columns of records within records, as JSON text

R = TypeVar("R", bound=Record)


def _arrow_type(name: str, annotation: Any) -> pa.DataType:
    simple = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
    if annotation in simple:
        return simple[annotation]
    if name == "tokens":
        return pa.list_(pa.string())
    if name == "token_ids":
        return pa.list_(pa.int64())
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
    for name in NESTED & row.keys():
        row[name] = json.dumps([item.model_dump(mode="json") for item in getattr(record, name)])
    return row


def write_table(path: Path, kind: type[R], records: Iterable[R], provenance: dict[str, Any]) -> None:
    """Write records, in the order given, as one Parquet table; streamed in groups, moved into place.

    Raises:
        RecordError: the disk does not take it.
    """
    try:
        _write_groups(path, kind, records, provenance)
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror or error}") from error


def _write_groups(path: Path, kind: type[R], records: Iterable[R], provenance: dict[str, Any]) -> None:
    schema = _schema(kind, provenance)
    with whole(path) as part, pq.ParquetWriter(part, schema) as writer:
        group: list[dict[str, Any]] = []
        for record in records:
            group.append(_row(record))
            if len(group) == 256:
                writer.write_table(pa.Table.from_pylist(group, schema=schema))
                group = []
        writer.write_table(pa.Table.from_pylist(group, schema=schema))


def read_table(path: Path, kind: type[R]) -> Iterator[R]:
    """Stream the records of a table written by :func:`write_table`.

    Raises:
        RecordError: the file holds another record type or format version.
    """
    if not holds_records(path, kind):
        stamp = read_provenance(path)
        raise RecordError(f"{path}: holds {stamp.get('record')} format {stamp.get('format')}, not {kind.__name__}")
    for batch in pq.ParquetFile(path).iter_batches(batch_size=256):
        for row in batch.to_pylist():
            for name in NESTED & row.keys():
                row[name] = json.loads(row[name])
            yield kind.model_validate(row)


def holds_records(path: Path, kind: type[Record]) -> bool:
    """Whether a table says that it holds such records, as this version writes them."""
    stamp = read_provenance(path)
    return (stamp.get("record"), stamp.get("format")) == (kind.__name__, FORMAT_VERSION)


def is_made_from(path: Path, kind: type[Record], settings: dict[str, Any], inputs: dict[str, str]) -> bool:
    """Whether there is a table, whole, of such records, made with these settings from these inputs."""
    try:
        stamp = read_provenance(path)
        same = digest(stamp.get("settings"), stamp.get("inputs")) == digest(settings, inputs)
        return same and holds_records(path, kind)
    except (pa.ArrowInvalid, OSError):
        return False


def read_provenance(path: Path) -> dict[str, Any]:
    """The provenance stamped into a table."""
    metadata = pq.read_schema(path).metadata or {}
    stamp: dict[str, Any] = json.loads(metadata.get(PROVENANCE_KEY, b"{}"))
    return stamp
