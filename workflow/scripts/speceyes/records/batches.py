"""Work on batches as work on any number of samples; batches that do not fit the memory are halved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from speceyes.records.samples import Sample
from speceyes.records.types import Record
from speceyes.runtime.notice import notice

R = TypeVar("R", bound=Record)


class BatchTooLargeError(Exception):
    """Work on a batch that the memory does not suffice for; one line that says what to change."""


def in_batches(size: int, work: Callable[[Sequence[Sample]], Sequence[R]]) -> Callable[[Sequence[Sample]], Iterator[R]]:
    """The work on a batch as work on any number of samples, a record at a time.

    A batch that does not fit is halved, and so are those after it: the records that came of smaller batches say so.

    Raises:
        BatchTooLargeError: by the work given back, where a single sample does not fit.
    """

    def batches(samples: Sequence[Sample]) -> Iterator[R]:
        pending, at_once = samples, size
        while pending:
            batch = pending[:at_once]
            try:
                records = work(batch)
            except BatchTooLargeError as error:
                if len(batch) == 1:
                    raise BatchTooLargeError(f"{batch[0].sample_id}: {error}") from error
                at_once = len(batch) // 2
                notice(f"{error}; going on with {at_once} at a time")
                continue
            cut_to = at_once if at_once < size else 0
            for record in records:
                yield record.model_copy(update={"batch_cut_to": cut_to})
            pending = pending[at_once:]

    return batches
