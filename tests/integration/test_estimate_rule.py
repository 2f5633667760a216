"""`snakemake estimate` for the shipped studies, before anything is there."""

from __future__ import annotations

import subprocess
import sys

import pytest
from environments import REPOSITORY


@pytest.mark.parametrize(
    ("config", "study", "facts"),
    [
        ("config.yaml", "paper", ["Qwen/Qwen2.5-72B-Instruct          145.00 GB", "and 3 of unknown size"]),
        ("miniature.yaml", "miniature", ["specreason deepeyes", "10 s assumed for the agent"]),
    ],
)
def test_what_a_study_will_cost_is_printed_and_nothing_is_made(tmp_path, config, study, facts):
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--quiet", "all", "--workflow-profile", "none"]
    command += ["--snakefile", REPOSITORY / "workflow" / "Snakefile", "--directory", tmp_path]
    command += ["--configfile", REPOSITORY / "config" / config, "--", "estimate"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [fact for fact in [f"Study {study}", *facts] if fact not in done.stdout] == []
    made = [path for path in tmp_path.glob("[!.]*/**/*") if path.is_file()]
    assert made == [tmp_path / "results" / study / "logs" / "estimate.log"]
