"""Which GPU a local job may use: device ids leased by file lock, freed by the kernel when the job dies.

Snakemake counts GPUs but hands out no ids. SLURM hands out ids itself: what it gave a job stands. Only a
job that sees more devices than it asked for (Snakemake run inside an allocation) leases some of them.
A job that asked for none sees none.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

POOL = "CUDA_VISIBLE_DEVICES"
LOCKS = Path.home() / ".cache" / "speceyes" / "gpu-locks"


class LeaseError(Exception):
    """More devices asked for than there are; the message says how many and where the pool comes from."""


def device_pool() -> list[str]:
    """Ids this machine offers: ``CUDA_VISIBLE_DEVICES`` if set, else every NVIDIA device file."""
    named = os.environ.get(POOL)
    if named is not None:
        return [part.strip() for part in named.split(",") if part.strip()]
    return sorted((path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*")), key=int)


@contextlib.contextmanager
def lease(count: int, locks: Path = LOCKS, poll_s: float = 0.2) -> Iterator[list[str]]:
    """Hold ``count`` device ids exclusively and export them as ``CUDA_VISIBLE_DEVICES``.

    Args:
        count: devices to hold; with 0 all are hidden.
        locks: folder of lock files; machines that share it, and SLURM allocations, each have their own in it.
        poll_s: pause between two looks while others hold the devices.

    Raises:
        LeaseError: the pool is smaller than ``count``.
    """
    pool = device_pool()
    allocation = os.environ.get("SLURM_JOB_ID")
    if count and allocation and (POOL not in os.environ or len(pool) == count):
        yield []
        return
    if count > len(pool):
        origin = f"{POOL}={os.environ[POOL]}" if POOL in os.environ else "/dev/nvidia*"
        raise LeaseError(
            f"{count} GPU{'s' * (count > 1)} asked for, but there {'is' if len(pool) == 1 else 'are'} {len(pool)} "
            f"({origin}); a model that needs none says gpus: 0"
        )
    own = locks / f"{platform.node()}-{allocation}" if allocation else locks / platform.node()
    with contextlib.ExitStack() as held:
        ids = _acquire(count, pool, own, poll_s, held) if count else []
        held.enter_context(_exported(ids))
        yield ids


@contextlib.contextmanager
def _exported(ids: list[str]) -> Iterator[None]:
    before = os.environ.get(POOL)
    os.environ[POOL] = ",".join(ids)
    try:
        yield
    finally:
        del os.environ[POOL]
        if before is not None:
            os.environ[POOL] = before


def _acquire(count: int, pool: list[str], locks: Path, poll_s: float, held: contextlib.ExitStack) -> list[str]:
    """Take ids one at a time under one lock, so that two jobs never hold what the other waits for."""
    ids: list[str] = []
    locks.mkdir(parents=True, exist_ok=True)
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
