"""Leases held by real processes, also by ones that are killed."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest
from speceyes.runtime.gpu_lease import POOL, LeaseError, device_pool, lease

SCRIPTS = Path(__file__).parents[3] / "workflow" / "scripts"
WORKER = """
import os, sys, time
from pathlib import Path
from speceyes.runtime.gpu_lease import lease

locks, diary, count, seconds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])

def note(event, ids):
    line = f"{time.monotonic_ns()} {os.getpid()} {event} {','.join(ids)} {os.environ['CUDA_VISIBLE_DEVICES']}\\n"
    descriptor = os.open(diary, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, line.encode())
    os.close(descriptor)

with lease(count, locks, poll_s=0.01) as ids:
    note("takes", ids)
    time.sleep(seconds)
    note("leaves", ids)
"""


class Machine:
    """Jobs on a machine with some devices, and the diary they keep."""

    def __init__(self, folder: Path, pool: str) -> None:
        self.locks, self.diary = folder / "locks", folder / "diary"
        self.diary.touch()
        outside = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
        self.environment = outside | {POOL: pool, "PYTHONPATH": str(SCRIPTS)}

    def start(self, count: int = 1, seconds: float = 0.2) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-c", WORKER, str(self.locks), str(self.diary), str(count), str(seconds)]
        return subprocess.Popen(words, env=self.environment)

    def events(self) -> list[tuple[int, int, str, list[str], str]]:
        lines = [line.split() for line in self.diary.read_text().splitlines()]
        return [(int(at), int(pid), event, ids.split(","), visible) for at, pid, event, ids, visible in lines]

    def wait_for(self, takers: int) -> list[int]:
        """The processes that took a device, once there are so many."""
        deadline = time.monotonic() + 60
        while len(pids := [pid for _, pid, event, *_ in self.events() if event == "takes"]) < takers:
            assert time.monotonic() < deadline, "no job got a device"
            time.sleep(0.01)
        return pids

    def holdings(self, killed: dict[int, int]) -> dict[str, list[tuple[int, int]]]:
        """When each device was held, in order; a killed job held it at least until it was killed."""
        held: dict[str, list[tuple[int, int]]] = defaultdict(list)
        ends = {pid: at for at, pid, event, *_ in self.events() if event == "leaves"} | killed
        for at, pid, event, ids, _ in self.events():
            for device in ids if event == "takes" else ():
                held[device].append((at, ends[pid]))
        return {device: sorted(spans) for device, spans in held.items()}


def overlaps(spans: list[tuple[int, int]]) -> bool:
    return any(end > start for (_, end), (start, _) in itertools.pairwise(spans))


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path, "3,7")


def test_eight_jobs_share_two_devices_without_ever_sharing_one(machine):
    jobs = [machine.start() for _ in range(8)]
    assert [job.wait(60) for job in jobs] == [0] * 8
    held = machine.holdings({})
    assert set(held) == {"3", "7"}
    assert sum(map(len, held.values())) == 8
    assert not any(map(overlaps, held.values()))
    assert all(visible == ",".join(ids) for *_, ids, visible in machine.events())


def test_what_a_killed_job_held_is_free_again(machine):
    doomed = [machine.start(seconds=600) for _ in range(2)]
    machine.wait_for(2)
    others = [machine.start() for _ in range(8)]
    killed = {}
    for job in doomed:
        killed[job.pid] = time.monotonic_ns()
        job.send_signal(signal.SIGKILL)
        job.wait(60)
    assert [job.wait(60) for job in others] == [0] * 8
    held = machine.holdings(killed)
    assert sum(map(len, held.values())) == 10
    assert not any(map(overlaps, held.values()))


def test_a_job_killed_while_it_waits_keeps_nobody_from_a_device(machine):
    holder = machine.start(count=2, seconds=600)
    machine.wait_for(1)
    waiting = machine.start(count=2)
    time.sleep(0.5)
    waiting.kill()
    waiting.wait(60)
    holder.kill()
    holder.wait(60)
    assert machine.start(count=2).wait(60) == 0


def test_jobs_that_want_both_never_hold_halves(machine):
    jobs = [machine.start(count=count, seconds=0.05) for count in (2, 1, 2, 1, 2, 1)]
    assert [job.wait(60) for job in jobs] == [0] * 6
    assert not any(map(overlaps, machine.holdings({}).values()))


@pytest.fixture
def outside_slurm(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    return monkeypatch


def test_the_environment_is_as_before_afterwards(outside_slurm, tmp_path):
    outside_slurm.setenv(POOL, " 5 , GPU-8a")
    assert device_pool() == ["5", "GPU-8a"]
    with lease(2, tmp_path) as ids:
        assert ids == ["5", "GPU-8a"]
        assert os.environ[POOL] == "5,GPU-8a"
    assert os.environ[POOL] == " 5 , GPU-8a"


@pytest.mark.parametrize(
    ("pool", "count", "message"),
    [
        ("0,1", 3, "3 GPUs asked for, but there are 2 (CUDA_VISIBLE_DEVICES=0,1)"),
        ("6", 4, "4 GPUs asked for, but there is 1 (CUDA_VISIBLE_DEVICES=6)"),
        ("", 1, "1 GPU asked for, but there are 0 (CUDA_VISIBLE_DEVICES=)"),
    ],
)
def test_more_than_there_are_is_one_clear_line(outside_slurm, tmp_path, pool, count, message):
    outside_slurm.setenv(POOL, pool)
    with pytest.raises(LeaseError) as caught, lease(count, tmp_path):
        pass
    assert str(caught.value) == f"{message}; a model that needs none says gpus: 0"


@pytest.mark.parametrize("allocation", [None, "17"])
def test_a_job_that_asks_for_no_device_sees_none(outside_slurm, tmp_path, allocation):
    if allocation:
        outside_slurm.setenv("SLURM_JOB_ID", allocation)
    outside_slurm.setenv(POOL, "0,1")
    with lease(0, tmp_path) as ids:
        assert ids == []
        assert os.environ[POOL] == ""
    assert os.environ[POOL] == "0,1"


@pytest.mark.parametrize("given", ["2", "0,3", None])
def test_what_slurm_gave_stands(monkeypatch, tmp_path, given):
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.delenv(POOL, raising=False)
    if given is not None:
        monkeypatch.setenv(POOL, given)
    with lease(2 if given == "0,3" else 1, tmp_path) as ids:
        assert ids == []
        assert os.environ.get(POOL) == given
    assert not any(tmp_path.iterdir())


def test_jobs_that_share_an_allocation_of_several_lease_theirs(machine):
    machine.environment["SLURM_JOB_ID"] = "17"
    jobs = [machine.start() for _ in range(4)]
    assert [job.wait(60) for job in jobs] == [0] * 4
    held = machine.holdings({})
    assert sum(map(len, held.values())) == 4
    assert not any(map(overlaps, held.values()))
