"""How busy processors and GPUs are during a stretch of work."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

QUERY = ("nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits")
EVERY_MS = 250


class MachineUse:
    """Shares between 0 and 1, NaN before the stretch is over.

    Attributes:
        seconds: length of the stretch.
        cpu_share: of the cores that this process may use, what it and its finished children used.
        gpu_share: mean utilisation of the GPUs that it sees, as the driver tells; NaN where there is none.
    """

    def __init__(self) -> None:
        self.seconds = self.cpu_share = self.gpu_share = float("nan")


@contextmanager
def machine_use() -> Iterator[MachineUse]:
    """Measure as long as the context lasts."""
    use = MachineUse()
    with _gpu_samples() as samples:
        started, before = time.perf_counter(), _processor_seconds()
        try:
            yield use
        finally:
            use.seconds = time.perf_counter() - started
            use.cpu_share = (_processor_seconds() - before) / (use.seconds * len(os.sched_getaffinity(0)))
    use.gpu_share = statistics.fmean(samples) / 100 if samples else float("nan")


def _processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@contextmanager
def _gpu_samples() -> Iterator[list[float]]:
    """Utilisation in percent of every GPU at every moment asked; filled when the context ends."""
    samples: list[float] = []
    if shutil.which(QUERY[0]) is None:
        yield samples
        return
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    which = [f"--id={seen}"] if seen else []
    command = [*QUERY, *which, f"--loop-ms={EVERY_MS}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield samples
        finally:
            process.terminate()
            output, _ = process.communicate()
            samples += [float(line) for line in output.split() if line.isdigit()]
