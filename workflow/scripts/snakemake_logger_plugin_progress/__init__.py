"""A Snakemake logger, ``--logger progress``: one line that says how far the run is, and every error.

All that Snakemake logs besides is in ``.snakemake/log``. Found by name where this folder is on PYTHONPATH.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from speceyes.runtime.progress import LINES_ONLY

LINES_PER_RUN = 20  # where the line cannot be drawn over
CLEAR = "\r\x1b[K"


def status(done: int, total: int, seconds: float) -> str:
    """How far a run is: jobs done of all, share in percent, time left if the rest takes as long per job."""
    share = f"{done} of {total} jobs, {100 * done // total} %"
    if not done or done == total:
        return share
    return f"{share}, about {duration(seconds / done * (total - done))} left"


def duration(seconds: float) -> str:
    """Seconds in words, rounded up to what a person waits for."""
    if seconds < 90:
        return f"{10 * max(1, round(seconds / 10))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{seconds / 3600:.1f} h"


def failure(job: Mapping[str, Any]) -> str:
    """A failed job in one line: its rule, what it should have made, and its log files."""
    output, logs = (", ".join(job[key]) or "nothing" for key in ("output", "log"))
    return f"failed: {job['rule_name']}, which makes {output}; its log: {logs}"


class LogHandler(LogHandlerBase):
    """Draws the line on a terminal; elsewhere prints it at most ``LINES_PER_RUN`` times."""

    def __post_init__(self) -> None:
        os.environ[LINES_ONLY] = "1"  # of the jobs: a bar each would draw over this line
        self._terminal = sys.stderr.isatty()
        self._started = time.monotonic()
        self._printed = -1
        self._status = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Show what a person must see of a record."""
        event = getattr(record, "event", None)
        if event == LogEvent.PROGRESS:
            self._advance(record.__dict__["done"], record.__dict__["total"])
        elif event == LogEvent.RUN_INFO:
            self._advance(0, record.__dict__["stats"]["total"])
        elif event == LogEvent.JOB_INFO:
            self._draw(record.__dict__.get("rule_msg") or record.__dict__["rule_name"])
        elif event in (LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR):
            self._print(failure(record.__dict__) if event == LogEvent.JOB_ERROR else str(record.msg))
        elif record.levelno >= logging.WARNING and getattr(record, "exception", "") != "RuleException":
            # what a rule's exception says, its job has said in a line of its own
            self._print(record.getMessage())

    def _advance(self, done: int, total: int) -> None:
        self._status = status(done, total, time.monotonic() - self._started)
        passed = LINES_PER_RUN * done // total
        if self._terminal:
            self._draw("")
        elif passed > self._printed:
            self._print(self._status)
        self._printed = max(self._printed, passed)
        if self._terminal and done == total:
            self._print(self._status)

    def _draw(self, doing: str) -> None:
        if self._terminal and self._status:
            width = os.get_terminal_size(sys.stderr.fileno()).columns - 1
            sys.stderr.write(CLEAR + f"{self._status}   {doing}".splitlines()[0][:width])
            sys.stderr.flush()

    def _print(self, line: str) -> None:
        sys.stderr.write(f"{CLEAR if self._terminal else ''}{line}\n")
        sys.stderr.flush()

    @property
    def writes_to_stream(self) -> bool:
        """It takes the place of Snakemake's own lines."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """Snakemake keeps its log file."""
        return False

    @property
    def has_filter(self) -> bool:
        """``emit`` chooses."""
        return True

    @property
    def has_formatter(self) -> bool:
        """``emit`` formats."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """Counts are enough."""
        return False
