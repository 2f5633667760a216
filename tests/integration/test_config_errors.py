"""What Snakemake itself does with a configuration: one line and no job when it is wrong, and each study for itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest

ROOT = Path(__file__).parents[2]


def dry_run(*arguments: str) -> subprocess.CompletedProcess[str]:
    snakemake = [sys.executable, "-m", "snakemake", "--workflow-profile", "none", "--dry-run"]
    command = [*snakemake, *arguments]
    return subprocess.run(command, cwd=ROOT, stdout=PIPE, stderr=STDOUT, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    "change, line",
    [
        (
            "grid={metrics: [median]}",
            "config: grid.metrics.0: Input should be 'min', 'mean', 'bottom20' or 'log', got 'median'",
        ),
        ("draft={batch_sise: 3}", "config: draft.batch_sise: unknown key (did you mean batch_size?)"),
    ],
)
def test_a_wrong_value_on_the_command_line(change, line):
    done = dry_run("--config", change)
    assert done.returncode == 1
    (said,) = [found for found in done.stdout.splitlines() if found.startswith("config: ")]
    assert said.startswith(line)


def test_a_study_named_by_a_file_holds_nothing_of_the_papers(tmp_path):
    """The paper's file has every section: were it merged underneath, only the missing model would be wrong."""
    alone = tmp_path / "alone.yaml"
    alone.write_text("study: alone\ncomparable: false\n")
    done = dry_run("--configfile", str(alone))
    assert done.returncode == 1
    assert "config: prompts: Field required (and 6 more)" in done.stdout.splitlines()


def test_the_papers_study_under_another_name():
    done = dry_run("--config", "study=mine")
    assert done.returncode == 0, done.stdout
    assert "results/mine/" in done.stdout
