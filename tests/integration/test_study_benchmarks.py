"""The benchmarks of `make bench` that measure a finished study, or draw one, run on a small one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from workspace import REPOSITORY, Workspace


def printed(folder: Path, name: str, *words: str) -> list[list[str]]:
    """The words of each line that a benchmark prints in a folder."""
    command = [sys.executable, str(REPOSITORY / "bench" / name), *words]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nan" not in done.stdout
    return [line.split() for line in done.stdout.splitlines()]


def test_growth_is_measured_step_by_step(tmp_path):
    rows = printed(tmp_path, "growth.py", "--samples", "200", "400", "--folder", str(tmp_path))
    steps = [row[:-5] for row in rows[2:]]
    assert len(steps) == 2 * 6
    assert steps[:6] == steps[6:]


def test_agents_in_flight_say_what_they_say_alone(workspace: Workspace):
    rows = printed(workspace.folder, "episodes.py", "results/small", "--questions", "4", "--turns", "1")
    assert [(row[0], row[-3:]) for row in rows[2:]] == [(name, ["4", "of", "4"]) for name in ("deepeyes", "thyme")]


@pytest.mark.parametrize("name", ["replay.py", "timing_plan.py", "where_seconds_go.py"])
def test_a_finished_study_is_measured(workspace: Workspace, name: str):
    assert printed(workspace.folder, name, "results/small")
