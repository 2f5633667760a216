"""A job ends with the Snakemake that started it, and with no other process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from speceyes.runtime.snakemakes import running_in

SCRIPTS = Path(__file__).parents[3] / "workflow" / "scripts"
# Names its id, works until something ends it; gives up by itself after a minute.
JOB = """if True:
    import os, sys, time
    from speceyes.runtime.job import job
    with job(sys.argv[1]):
        print(os.getpid(), flush=True)
        time.sleep(60)
"""
PARENT = "import subprocess, sys, time; subprocess.run(sys.argv[1:]); time.sleep(60)"


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ended_within(process: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(process)


@pytest.fixture
def start(tmp_path):
    """Starts a program of that name, which starts a job; both processes' ids, the program's first."""
    started = []

    def begin(name: str, *between: str) -> tuple[subprocess.Popen[str], int]:
        program = tmp_path / name
        program.write_text(PARENT)
        command = [sys.executable, str(program), *between, sys.executable, "-c", JOB, str(tmp_path / "log")]
        parent = subprocess.Popen(
            command, env=os.environ | {"PYTHONPATH": str(SCRIPTS)}, stdout=subprocess.PIPE, text=True, cwd=tmp_path
        )
        assert parent.stdout
        job = int(parent.stdout.readline())
        started.extend([parent.pid, job])
        return parent, job

    yield begin
    for process in filter(alive, started):
        os.kill(process, 9)


@pytest.mark.parametrize("between", [(), ("sh", "-c", '"$@"; true', "sh"), ("timeout", "60")])
def test_a_job_ends_when_its_snakemake_is_killed_whatever_stands_between(start, between, tmp_path):
    snakemake, job = start("snakemake", *between)
    assert alive(job)
    snakemake.kill()
    snakemake.wait()
    assert ended_within(job, 30)
    assert "Snakemake has ended" in (tmp_path / "log").read_text()


def test_a_job_without_a_snakemake_outlives_who_started_it(start):
    other, job = start("anything-else")
    other.kill()
    other.wait()
    assert not ended_within(job, 1.5)


def test_snakemakes_of_a_folder_are_those_that_work_in_it(start, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    snakemake, _ = start("snakemake")
    assert running_in(tmp_path) == [snakemake.pid]
    assert running_in(tmp_path / "elsewhere") == []
    assert running_in(tmp_path / "none") == []
