"""The paper's study, planned by Snakemake: the jobs that the library counts, and a drawing of the rules."""

from __future__ import annotations

import re
import subprocess
import sys

import yaml
from speceyes.study.config import load_config
from speceyes.study.plan import Plan
from speceyes.study.study import Study
from workspace import REPOSITORY

PLAN = ("--dry-run", "--quiet", "rules", "--workflow-profile", "none", "--configfile", "config/config.yaml")


def planned() -> dict[str, int]:
    """Jobs per rule of a fresh checkout."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--forceall", *PLAN]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.MULTILINE)}


def test_snakemake_plans_as_many_jobs_per_rule_as_the_library_counts():
    paper = Plan(Study(load_config(yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text()))))
    counts = planned()
    assert counts.pop("total") == sum(paper.jobs().values())
    assert counts == {rule: count for rule, count in paper.jobs().items() if count}


def test_the_rule_graph_can_be_drawn():
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "--workflow-profile", "none"]
    command += ["--configfile", "config/config.yaml"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("digraph")
    for rule in ("download_model", "draft", "agent", "judge", "draw_figure", "explorer"):
        assert f'"{rule}"' in done.stdout
