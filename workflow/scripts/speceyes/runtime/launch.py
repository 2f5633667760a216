"""Start Snakemake in a folder: the lock of a killed run is removed, that of a running one is respected."""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from pathlib import Path

from speceyes.runtime.snakemakes import running_in

_STATE = Path(".snakemake")


def main() -> None:
    """Become Snakemake, unless another run is under way in this folder."""
    arguments = sys.argv[1:]
    if arguments[:1] in (["-h"], ["--help"]):
        argparse.ArgumentParser(usage="%(prog)s SNAKEMAKE'S ARGUMENTS", description=__doc__).parse_args(arguments)
    _alone()
    os.execv(sys.executable, [sys.executable, "-m", "snakemake", *arguments])


def _alone() -> None:
    """Make sure that no other run is under way here; the lock of a killed one is removed."""
    _STATE.mkdir(exist_ok=True)
    # Held until Snakemake, which this process becomes, ends; its jobs do not inherit it.
    held = os.open(_STATE / "launch.lock", os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"speceyes: another run is under way in {Path.cwd()}: wait until it has ended, or stop it")
    os.set_inheritable(held, True)
    left = list((_STATE / "locks").glob("*.lock"))
    if not left:
        return
    if living := running_in(Path.cwd()):
        sys.exit(f"speceyes: Snakemake runs in {Path.cwd()} (process {living[0]}): wait until it has ended, or stop it")
    for lock in left:
        lock.unlink()
    sys.stderr.write("speceyes: the last run here was killed; its lock is removed and the work goes on\n")


if __name__ == "__main__":
    main()
