"""Records while a job runs: one JSON line each, flushed, so that a killed job goes on with the next sample."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from io import FileIO
from pathlib import Path
from typing import Generic, Self, TypeVar

from pydantic import ValidationError

from speceyes.border import problem
from speceyes.records.types import FORMAT_VERSION, Record, RecordError
from speceyes.runtime.progress import notice

R = TypeVar("R", bound=Record)

FINISHED = ".finished"  # a file beside a journal whose records are all in their table
_NO_LOCKS_HERE = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}


class Journal(Generic[R]):
    """An append-only file of records of one type, keyed by sample id, safe to kill at any byte.

    The first line is a header with the format version, the record type and a fingerprint of all that
    the records depend on (code, settings, models, data). A journal with another fingerprint is not
    continued: give each fingerprint its own file name.

    One process writes at a time: a second one waits until the first has closed the journal or ended. Lines that
    cannot be read are named, copied to a file beside the journal, and their samples are done again.

    Attributes:
        done: the records so far, by sample id; of a sample that was done again, the last one.

    Raises:
        RecordError: the journal is another version's or setting's, or the disk does not take a record.
    """

    def __init__(self, path: Path, kind: type[R], fingerprint: str) -> None:
        self.path = path
        self.kind = kind
        header = {"format": FORMAT_VERSION, "record": kind.__name__, "fingerprint": fingerprint}
        self._header = f"{json.dumps(header)}\n".encode()
        self.done: dict[str, R] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._open_alone()
        try:
            self._recover()
        except BaseException:
            self._file.close()
            raise

    def _open_alone(self) -> FileIO:
        """The file, locked; opened again if its last writer has removed it meanwhile."""
        while True:
            file = self.path.open("ab", buffering=0)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                notice(f"{self.path}: another process is at this work; waiting until it has ended")
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError as error:
                if error.errno not in _NO_LOCKS_HERE:
                    raise
            if self.path.exists() and os.path.samestat(os.fstat(file.fileno()), self.path.stat()):
                return file
            file.close()

    def _recover(self) -> None:
        """Read what a killed run left; a torn last line is cut off."""
        unreadable: list[bytes] = []
        good = 0
        with self.path.open("rb") as handle:
            for number, line in enumerate(handle, start=1):
                if not line.endswith(b"\n"):
                    break
                good += len(line)
                reason = self._check_header(line) if number == 1 else self._take(line)
                if reason:
                    unreadable.append(line)
                    notice(f"{self.path}:{number}: {reason}; set aside, its sample is done again")
        if unreadable:
            self.path.with_suffix(".unreadable").write_bytes(b"".join(unreadable))
        self._file.truncate(good)
        if not good:
            self._write(self._header)

    def _check_header(self, line: bytes) -> str | None:
        """Why the first line is no header, None if it is ours."""
        try:
            json.loads(line)
        except (ValueError, RecursionError):
            return "not a header"
        if line != self._header:
            raise RecordError(f"{self.path}:1: written by another version or setting; remove it to start anew")
        return None

    def _take(self, line: bytes) -> str | None:
        """Why the line is no record, None if it is."""
        try:
            record = self.kind.model_validate_json(line)
        except ValidationError as error:
            return problem(error, "record")
        self.done[record.sample_id] = record
        return None

    def append(self, record: R) -> None:
        """Write one record and hand it to the operating system."""
        self._write(f"{record.model_dump_json()}\n".encode())
        self.done[record.sample_id] = record

    def finish(self) -> None:
        """Mark the journal as one whose records are all in their table."""
        self.path.with_suffix(FINISHED).touch()

    def _write(self, line: bytes) -> None:
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            raise RecordError(f"{self.path}: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()


def remove_finished(folder: Path) -> None:
    """Remove the journals whose tables are complete, once whoever asked for these has noted so."""
    for mark in folder.glob(f"*{FINISHED}"):
        mark.with_suffix(".jsonl").unlink(missing_ok=True)
        mark.unlink()
