"""The benchmarks of `make bench` that measure a finished study, run on a small one."""

from __future__ import annotations

import pytest
from bench_output import printed
from workspace import Workspace


def test_agents_in_flight_say_what_they_say_alone(workspace: Workspace):
    rows = printed(workspace.folder, "episodes.py", "results/small", "--questions", "4", "--turns", "1")
    assert [(row[0], row[-3:]) for row in rows[2:]] == [(name, ["4", "of", "4"]) for name in ("deepeyes", "thyme")]


@pytest.mark.parametrize("name", ["replay.py", "timing_plan.py", "where_seconds_go.py"])
def test_a_finished_study_is_measured(workspace: Workspace, name: str):
    assert printed(workspace.folder, name, "results/small")
