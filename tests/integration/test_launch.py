"""Snakemake is started where the last run was killed, and not beside one that lives."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
LAUNCH = (sys.executable, "-m", "speceyes", "run")
BARE = (sys.executable, "-m", "snakemake")
SNAKEFILE = """
rule all:
    input: "made"
rule make:
    output: "made"
    shell: "touch begun; while [ ! -e go ]; do sleep 0.1; done; touch {output}"
"""
ARGUMENTS = ("--cores", "1", "--rerun-incomplete")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    yield tmp_path
    (tmp_path / "go").touch()


def start(folder: Path, *command: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def begun(folder: Path, *command: str) -> subprocess.Popen[str]:
    """A run whose job is under way."""
    run = start(folder, *command)
    deadline = time.monotonic() + 120
    while not (folder / "begun").exists():
        assert run.poll() is None, run.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return run


def finished(run: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = run.communicate(timeout=120)
    return run.returncode, said


@pytest.mark.parametrize("command", [BARE, LAUNCH], ids=["bare", "launched"])
def test_a_killed_runs_lock_is_removed_with_one_line(folder, command):
    killed = begun(folder, *command, *ARGUMENTS)
    killed.kill()
    killed.wait()
    (folder / "go").touch()
    code, said = finished(start(folder, *LAUNCH, *ARGUMENTS))
    assert code == 0, said
    assert said.splitlines()[0] == "speceyes: the last run here was killed; its lock is removed and the work goes on"
    assert (folder / "made").exists()


@pytest.mark.parametrize(
    ("command", "reason"),
    [(BARE, "Snakemake runs in"), (LAUNCH, "another run is under way in")],
    ids=["bare", "launched"],
)
def test_a_living_run_is_left_alone_with_one_line(folder, command, reason):
    living = begun(folder, *command, *ARGUMENTS)
    code, said = finished(start(folder, *LAUNCH, *ARGUMENTS))
    assert code == 1
    [line] = said.splitlines()
    assert line.startswith(f"speceyes: {reason} {folder}")
    assert list((folder / ".snakemake" / "locks").glob("*.lock"))
    (folder / "go").touch()
    assert finished(living)[0] == 0


def test_where_nothing_was_killed_nothing_is_said_of_it_and_the_exit_status_is_snakemakes(folder):
    (folder / "go").touch()
    code, said = finished(start(folder, *LAUNCH, *ARGUMENTS))
    assert code == 0
    assert "speceyes:" not in said
    assert finished(start(folder, *LAUNCH, "no-such-target", "--cores", "1"))[0] == 1
