"""The workflow as a module of another repository's workflow."""

from __future__ import annotations

import json
import subprocess
import sys

import yaml
from environments import REPOSITORY
from speceyes.records.tables import read_table
from speceyes.records.types import DraftRecord

DRAFTS = "results/miniature/draft/vstar/direct_attributes/b6/1-of-1.parquet"
SNAKEFILE = f"""
import json

module speceyes:
    snakefile: {str(REPOSITORY / "workflow" / "Snakefile")!r}
    config: json.load(open("settings.json"))

use rule * from speceyes as speceyes_*

rule answers:
    default_target: True
    input: {DRAFTS!r}
    output: "size.txt"
    shell: "wc --bytes {{input}} > {{output}}"
"""


def test_a_workflow_elsewhere_imports_this_one_and_runs_a_model(tmp_path):
    config = yaml.safe_load((REPOSITORY / "config" / "miniature.yaml").read_text())
    for model in config["models"].values():
        model["path"] = str(REPOSITORY / model["path"])
    config["prompts"] = str(REPOSITORY / config["prompts"])
    (tmp_path / "settings.json").write_text(json.dumps(config))
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--scheduler", "greedy"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    assert (tmp_path / "size.txt").read_text().endswith(f"{DRAFTS}\n")
    answers = list(read_table(tmp_path / DRAFTS, DraftRecord))
    assert len(answers) == config["benchmarks"]["vstar"]["splits"]["direct_attributes"]
    assert all(answer.status == "ok" for answer in answers)
