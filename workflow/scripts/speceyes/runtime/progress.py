"""What a running job says: progress, as a bar on a terminal or an occasional log line, and single notices."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

from tqdm import tqdm

log = logging.getLogger(__name__)

# Set where several jobs share a terminal: bars would draw over each other.
LINES_ONLY = "SPECEYES_PROGRESS_LINES_ONLY"
SECONDS_BETWEEN_LINES = 30.0
LINE = "{desc}: {n_fmt} of {total_fmt}, {rate_fmt}, {remaining} left"
LINE_WITHOUT_END = "{desc}: {n_fmt}, {rate_fmt}"

T = TypeVar("T")
R = TypeVar("R")


def notice(line: str) -> None:
    """Write one line to the job's log and to the terminal."""
    logging.warning("%s", line)
    sys.stderr.write(f"\nspeceyes: {line}\n")


class _LogLines(io.StringIO):
    """A stream that tqdm draws on; every drawing becomes one log line."""

    def write(self, text: str) -> int:
        if line := text.strip():
            log.info(line)
        return len(text)


class Progress:
    """Counts finished samples of one stage, with rate and remaining time.

    Args:
        label: what is being done, e.g. ``draft vstar/direct_attributes``.
        total: samples in all, None where nobody knows yet.
        done: samples that an earlier, interrupted run has finished.
        unit: what is counted; bytes (``B``) are written as kB, MB, GB.
    """

    def __init__(self, label: str, total: int | None, done: int = 0, unit: str = " samples") -> None:
        drawing: dict[str, Any] = {"unit": unit, "unit_scale": unit == "B"}
        if LINES_ONLY in os.environ or not sys.stderr.isatty():
            drawing |= {
                "file": _LogLines(),
                "bar_format": LINE_WITHOUT_END if total is None else LINE,
                "mininterval": SECONDS_BETWEEN_LINES,
                "maxinterval": SECONDS_BETWEEN_LINES,
                "miniters": 1,
            }
        self._bar = tqdm(desc=label, total=total, initial=done, **drawing)

    def counting(self, work: Callable[[Sequence[T]], Sequence[R]]) -> Callable[[Sequence[T]], Sequence[R]]:
        """The same work on a batch, counted when it is done."""

        def counted(batch: Sequence[T]) -> Sequence[R]:
            results = work(batch)
            self.advance(len(batch))
            return results

        return counted

    def advance(self, samples: int = 1) -> None:
        self._bar.update(samples)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.close()
