"""Records while a job runs: one JSON line each, flushed, so that a killed job goes on with the next sample."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from pydantic import ValidationError

from speceyes.records.types import FORMAT_VERSION, Record, RecordError

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


def run_pending(
    samples: Sequence[Any], journal: Journal[R], batch_size: int, work: Callable[[Sequence[Any]], Sequence[R]]
) -> None:
    """Call ``work`` on batches of the samples that the journal lacks and append what it returns."""
    pending = [sample for sample in samples if sample.sample_id not in journal.done]
    for start in range(0, len(pending), batch_size):
        for record in work(pending[start : start + batch_size]):
            journal.append(record)
