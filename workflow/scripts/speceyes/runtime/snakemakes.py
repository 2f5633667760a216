"""Which processes are Snakemake, and how a job ends when its own Snakemake does."""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

_PROCESSES = Path("/proc")
_FIRST_WORDS = 4  # an interpreter with its options, then the program


def end_with_snakemake() -> None:
    """Have this process killed once the Snakemake that started it has ended, however that ended.

    A job that outlives its Snakemake holds its GPU and would meet its successor at the same files. Where no
    Snakemake is seen above (a script run by hand, a container with processes of its own) nothing is done. On a
    cluster it is the Snakemake on the job's node that counts.
    """
    above = next(filter(_is_snakemake, _ancestors(os.getpid())), None)
    if above is None:
        return
    try:
        ended = os.pidfd_open(above)
    except OSError:  # gone already, or a kernel that does not offer it
        return
    threading.Thread(target=_end_after, args=(ended,), name="end with Snakemake", daemon=True).start()


def running_in(folder: Path) -> list[int]:
    """Snakemake processes whose working directory this is, as far as this account may see."""
    return [process for process in _all_processes() if _is_snakemake(process) and _works_in(process, folder)]


def _end_after(ended: int) -> None:
    select.select([ended], [], [])
    logging.error("Snakemake has ended, and this job with it; what is done is kept")
    os.kill(os.getpid(), signal.SIGKILL)


def _ancestors(process: int) -> Iterator[int]:
    while process := _parent(process):
        yield process


def _parent(process: int) -> int:
    """The parent's id; 0 where there is none to be seen."""
    try:
        # The program's name stands in brackets and may hold any character.
        after_name = (_PROCESSES / str(process) / "stat").read_text(errors="replace").rpartition(")")[2]
    except OSError:
        return 0
    return int(after_name.split()[1])


def _is_snakemake(process: int) -> bool:
    try:
        words = (_PROCESSES / str(process) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    return "snakemake" in [word.rpartition("/")[2] for word in words[:_FIRST_WORDS]]


def _works_in(process: int, folder: Path) -> bool:
    try:
        return (_PROCESSES / str(process) / "cwd").samefile(folder)
    except OSError:
        return False


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in _PROCESSES.glob("[0-9]*")]
