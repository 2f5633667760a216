"""When a study's jobs ran, as their logs tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from speceyes.runtime.job import BEGUN, ENDED

STAMP = "%Y-%m-%d %H:%M:%S,%f"


class Ran(NamedTuple):
    """One job from its first line to its last."""

    log: str
    begun: datetime
    ended: datetime


def jobs_that_ran(logs: Path) -> list[Ran]:
    """Every job that has ended, of all logs below a folder; a log holds every run of its job."""
    return [ran for log in sorted(logs.rglob("*.log")) for ran in _runs(str(log.relative_to(logs)), log)]


def _runs(name: str, log: Path) -> Iterable[Ran]:
    begun = None
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.endswith(f" INFO {BEGUN}"):
            begun = _time(line)
        elif line.endswith(f" INFO {ENDED}") and begun:
            yield Ran(name, begun, _time(line))
            begun = None


def _time(line: str) -> datetime:
    return datetime.strptime(" ".join(line.split(" ")[:2]), STAMP)


def beside(alone: Sequence[Ran], others: Iterable[Ran]) -> list[tuple[str, str]]:
    """Jobs that should have run alone, each with another that ran at the same time."""
    return [
        (one.log, other.log)
        for one in alone
        for other in others
        if other is not one and one.begun < other.ended and other.begun < one.ended
    ]
