"""What Snakemake itself does with a configuration: one line and no job when it is wrong, and each study for itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT

ROOT = Path(__file__).parents[2]


def dry_run(*arguments: str) -> subprocess.CompletedProcess[str]:
    snakemake = [sys.executable, "-m", "snakemake", "--workflow-profile", "none", "--dry-run"]
    command = [*snakemake, *arguments]
    return subprocess.run(command, cwd=ROOT, stdout=PIPE, stderr=STDOUT, text=True, check=False, timeout=120)


def test_a_wrong_value_on_the_command_line():
    done = dry_run("--config", "grid={metrics: [median]}")
    assert done.returncode == 1
    (said,) = [found for found in done.stdout.splitlines() if found.startswith("config: ")]
    assert said.startswith("config: grid.metrics.0: should be 'min', 'mean', 'bottom20', 'log' or ")


def test_a_key_that_stands_twice_in_a_file_of_ones_own(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("study: mine\ndraft: {batch_size: 6}\nstudy: yours\n")
    done = dry_run("--configfile", "config/config.yaml", str(own))
    assert done.returncode == 1
    assert f"config: {own}: not YAML: the key 'study' stands twice (line 3, column 1)" in done.stdout.splitlines()


def test_a_study_named_by_a_file_holds_nothing_of_the_papers(tmp_path):
    """The paper's file has every section: were it merged underneath, only the missing model would be wrong."""
    alone = tmp_path / "alone.yaml"
    alone.write_text("study: alone\ncomparable: false\n")
    done = dry_run("--configfile", str(alone))
    assert done.returncode == 1
    assert "config: prompts: Field required (and 4 more)" in done.stdout.splitlines()


OWN = """
study: mine
benchmarks: {vstar: {splits: {direct_attributes: 115, "1.10": 3, "01": 3, NA: 3}}}
agents: {Deep.Eyes_7B-cot: {type: "speceyes.agents.deepeyes:DeepEyes", model: deepeyes}}
operating_points:
  Deep.Eyes_7B-cot:
    vstar: &points {log: 0.00001, mean: 0.00001, bottom20: 0.00001, min: 0.00001}
    hrbench: *points
    pope: *points
"""


def test_names_and_thresholds_that_the_configuration_takes_can_be_planned(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(OWN)
    (tmp_path / "resources" / "prompts").mkdir(parents=True)
    (tmp_path / "resources" / "prompts" / "Deep.Eyes_7B-cot.yaml").touch()
    done = dry_run("--directory", str(tmp_path), "--configfile", "config/config.yaml", str(own))
    assert done.returncode == 0, done.stdout
    planned = {line.partition(": ")[2] for line in done.stdout.splitlines() if line.startswith("Job ")}
    for split in ("1.10", "01", "NA"):
        assert f"Replaying the grid: Deep.Eyes_7B-cot on vstar/{split}" in planned
