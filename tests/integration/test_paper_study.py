"""The paper's study, planned whole: its jobs are those that the README promises."""

from __future__ import annotations

import re
import subprocess
import sys

from workspace import REPOSITORY

PLAN = ("--dry-run", "--quiet", "rules", "--workflow-profile", "none", "--configfile", "config/config.yaml")


def planned() -> dict[str, int]:
    """Jobs per rule of a fresh checkout."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--forceall", *PLAN]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.MULTILINE)}


def test_the_documentation_counts_the_papers_jobs():
    counts = planned()
    page, readme = ((REPOSITORY / name).read_text(encoding="utf-8") for name in ("docs/stages.md", "README.md"))
    promised = {rule: int(count) for rule, count in re.findall(r"`(\w+)` (\d+)", page)}
    assert promised == {rule: count for rule, count in counts.items() if rule not in ("all", "total")}
    assert f"{counts['total']} jobs in all" in page
    assert f"the same {counts['total']} jobs" in readme


def test_the_rule_graph_can_be_drawn():
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "--workflow-profile", "none"]
    command += ["--configfile", "config/config.yaml"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("digraph")
    for rule in ("download_model", "draft", "agent", "judge", "draw_figure", "explorer"):
        assert f'"{rule}"' in done.stdout
