"""Work on batches as work on any number of samples; batches that do not fit the memory are halved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from speceyes.records.samples import Sample
from speceyes.records.types import Record
from speceyes.runtime.atomic import write_whole
from speceyes.runtime.progress import notice

R = TypeVar("R", bound=Record)


class BatchTooLargeError(Exception):
    """Work on a batch that the memory does not suffice for; one line that says what to change."""


class BatchSize:
    """How many are worked on at once: as many as planned, or as a smaller memory has turned out to hold.

    Args:
        planned: at least 1.
        kept: a file that remembers a smaller size, so that a job that is resumed does not begin with one that did not
            fit; None where nothing is remembered.

    Attributes:
        now: the size.
    """

    def __init__(self, planned: int, kept: Path | None = None) -> None:
        self._planned = planned
        self._kept = kept
        known = kept.read_text(encoding="utf-8").strip() if kept is not None and kept.exists() else ""
        self.now = min(planned, int(known)) if known.isdecimal() and int(known) else planned

    @property
    def cut_to(self) -> int:
        """The size where it is smaller than planned, else 0: as records say it."""
        return self.now if self.now < self._planned else 0

    def halve(self, tried: int, error: BatchTooLargeError) -> None:
        """Go on with half of a number, at least 2, that did not fit."""
        self.now = tried // 2
        notice(f"{error}; going on with {self.now} at a time")
        if self._kept is not None:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._kept, f"{self.now}\n")


def in_batches(
    size: BatchSize, work: Callable[[Sequence[Sample]], Sequence[R]]
) -> Callable[[Sequence[Sample]], Iterator[R]]:
    """The work on a batch as work on any number of samples, a record at a time.

    A batch that does not fit is halved, and so are those after it: the records that came of smaller batches say so.

    Raises:
        BatchTooLargeError: by the work given back, where a single sample does not fit.
    """

    def batches(samples: Sequence[Sample]) -> Iterator[R]:
        pending = samples
        while pending:
            batch = pending[: size.now]
            try:
                records = work(batch)
            except BatchTooLargeError as error:
                if len(batch) == 1:
                    raise BatchTooLargeError(f"{batch[0].sample_id}: {error}") from error
                size.halve(len(batch), error)
                continue
            for record in records:
                yield record.model_copy(update={"batch_cut_to": size.cut_to})
            pending = pending[len(batch) :]

    return batches
