"""Which GPU a local job may use: device ids leased by file lock, freed by the kernel when the job dies.

Snakemake counts GPUs but hands out no ids. Inside SLURM the cluster's assignment stands.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

LOCKS = Path.home() / ".cache" / "speceyes" / "gpu-locks"


class LeaseError(Exception):
    """More devices asked for than there are; the message says how many and where the pool comes from."""


def device_pool() -> list[str]:
    """Ids this machine offers: ``CUDA_VISIBLE_DEVICES`` if set, else every NVIDIA device file."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [part.strip() for part in named.split(",") if part.strip()]
    return sorted((path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*")), key=int)


@contextlib.contextmanager
def lease(count: int, locks: Path = LOCKS, poll_s: float = 0.2) -> Iterator[list[str]]:
    """Hold ``count`` device ids exclusively and export them as ``CUDA_VISIBLE_DEVICES``.

    Without any NVIDIA device (the miniature), and inside SLURM, the environment is left as it is.

    Raises:
        LeaseError: the pool is smaller than ``count``.
    """
    pool = device_pool()
    if count == 0 or "SLURM_JOB_ID" in os.environ or not (pool or "CUDA_VISIBLE_DEVICES" in os.environ):
        yield []
        return
    if count > len(pool):
        raise LeaseError(f"{count} GPUs asked for, but the pool has {len(pool)} ({', '.join(pool) or 'none'})")
    locks.mkdir(parents=True, exist_ok=True)
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    with contextlib.ExitStack() as held:
        ids = _acquire(count, pool, locks, poll_s, held)
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(ids)
        try:
            yield ids
        finally:
            if before is None:
                del os.environ["CUDA_VISIBLE_DEVICES"]
            else:
                os.environ["CUDA_VISIBLE_DEVICES"] = before


def _acquire(count: int, pool: list[str], locks: Path, poll_s: float, held: contextlib.ExitStack) -> list[str]:
    """Take ids one at a time under one gate, so that two jobs never wait for each other's halves."""
    ids: list[str] = []
    with FileLock(locks / "gate.lock"):
        while len(ids) < count:
            for device in pool:
                if len(ids) < count and device not in ids:
                    lock = FileLock(locks / f"device-{device}.lock")
                    with contextlib.suppress(Timeout):
                        lock.acquire(timeout=0)
                        held.callback(lock.release)
                        ids.append(device)
            if len(ids) < count:
                time.sleep(poll_s)
    return ids
