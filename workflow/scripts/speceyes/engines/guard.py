"""Ties a server to the life of the job that needs it: ``python guard.py <job> <patience> <command> ...``.

Runs the command and ends with it. When told to stop, or when the job dies in whatever way, it stops
the command and everything that the command started. A program of its own, on the standard library
alone, so that it outlives a job that is killed. ``job`` is its process id, ``patience`` the seconds
between asking and killing.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    """Command line."""
    job, patience_s, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    libc = ctypes.CDLL(None)
    # Kept pending and waited for, so that none is missed between two lines.
    signal.pthread_sigmask(signal.SIG_BLOCK, {*STOP, signal.SIGCHLD})
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    if os.getppid() != job:
        sys.exit("the job is gone")

    def in_child() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {*STOP, signal.SIGCHLD})

    try:
        server = subprocess.Popen(command, start_new_session=True, preexec_fn=in_child)  # noqa: PLW1509 - one thread
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")
    while server.poll() is None and signal.sigwait({*STOP, signal.SIGCHLD}) == signal.SIGCHLD:
        pass
    stop(server, patience_s)
    sys.exit(server.returncode if server.returncode >= 0 else 128 - server.returncode)


def stop(server: subprocess.Popen[bytes], patience_s: float) -> None:
    """Ask the server's process group to end; after a while, or when the server has ended, kill what is left."""
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(patience_s)
    while children := descendants():
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        if server.poll() is not None:
            _reap()
        time.sleep(0.01)


def descendants() -> list[int]:
    """Children of this process: the server, and whatever lost its own parent (a subreaper inherits those)."""
    pid = os.getpid()
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main()
