"""The examples of docs/scaling.md, as configurations of the paper's study."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from environments import REPOSITORY
from snakemake.utils import update_config
from speceyes.study.config import load_config
from speceyes.study.layout import MODEL_JOBS
from speceyes.study.plan import Plan
from speceyes.study.study import Study

EXAMPLES = dict(
    re.findall(r"```yaml\n# (\S+\.yaml)\n(.*?)```", (REPOSITORY / "docs" / "scaling.md").read_text(), re.DOTALL)
)


def paper(folder: Path, example: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The paper's study with an example's changes, in an empty folder and without a network."""
    own = folder / "own.yaml"
    own.write_text(example)
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", REPOSITORY / "workflow" / "Snakefile", "--directory", folder,
         "--cores", "1", *words, "--configfile", REPOSITORY / "config" / "config.yaml", own],
        env=os.environ | {"HF_HUB_OFFLINE": "1"}, check=False, capture_output=True, text=True,
    )  # fmt: skip


def counts(run: subprocess.CompletedProcess[str]) -> dict[str, int]:
    assert run.returncode == 0, run.stdout + run.stderr
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", run.stdout + run.stderr, re.MULTILINE)}


@pytest.mark.parametrize(
    ("name", "gpus", "agent_jobs", "models"),
    [("one-gpu.yaml", 1, 2, 3), ("eight-gpus.yaml", 8, 16, 4), ("cluster.yaml", 8, 32, 4)],
)
def test_an_example_plans_the_papers_study_on_its_gpus(name, gpus, agent_jobs, models):
    config = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
    update_config(config, yaml.safe_load(EXAMPLES[name]))
    study = Study(load_config(config))
    jobs = Plan(study).jobs()
    assert (jobs["agent"], jobs["download_model"], jobs["judge"]) == (agent_jobs, models, 1)
    asked = {study.judge_gpus, *(study.gpus(stage, agent) for stage in MODEL_JOBS for agent in study.config.agents)}
    assert max(asked) <= gpus


def test_jobs_that_want_as_many_gpus_as_there_are_are_planned(tmp_path):
    jobs = counts(paper(tmp_path, EXAMPLES["eight-gpus.yaml"], "--dry-run", "--resources", "gpu=8"))
    assert (jobs["agent"], jobs["judge"]) == (16, 1)


@pytest.mark.parametrize("words", [("--dry-run",), ("--workflow-profile", "none")], ids=["planned", "run"])
def test_a_job_that_wants_more_gpus_than_there_are_is_refused_before_anything_runs(tmp_path, words):
    refused = paper(tmp_path, EXAMPLES["eight-gpus.yaml"], *words, "--resources", "gpu=4")
    assert refused.returncode == 1
    assert "8 GPUs asked for, but this run has 4 (--resources gpu=4)" in refused.stdout + refused.stderr
    assert not any(path.is_file() for path in tmp_path.glob("results/**/*"))


def test_every_example_is_here():
    assert list(EXAMPLES) == ["one-gpu.yaml", "eight-gpus.yaml", "cluster.yaml"]


def described(folder: Path, **gpus: str) -> Path:
    """The shipped profile for a cluster whose GPUs are described otherwise."""
    profile = yaml.safe_load((REPOSITORY / "workflow" / "profiles" / "slurm" / "config.yaml").read_text())
    profile["default-resources"] |= gpus
    (folder / "slurm").mkdir()
    (folder / "slurm" / "config.yaml").write_text(yaml.safe_dump(profile))
    return folder / "slurm"


ASKED = """
include: {snakefile!r}

import json
from snakemake.iocontainers import InputFiles, Wildcards

names = {{"agent": "thyme", "benchmark": "pope", "split": "random", "batch": "6", "shard": "1-of-1"}}
RULES = ("agent", "judge", "timing")
asked = [workflow.get_rule(name).expand_resources(Wildcards(fromdict=names), InputFiles(), 1) for name in RULES]
print(json.dumps([dict(one.items()) for one in asked], default=str))
"""


def test_jobs_ask_the_cluster_for_the_gpus_that_they_hold(tmp_path):
    profile = described(tmp_path, gpu_type="a100-sxm4-80gb")
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(ASKED.format(snakefile=str(REPOSITORY / "workflow" / "Snakefile")))
    words = ("--snakefile", str(snakefile), "--workflow-profile", str(profile), "--list-rules")
    planned = paper(tmp_path, EXAMPLES["one-gpu.yaml"], *words)
    assert planned.returncode == 0, planned.stderr
    agent, judge, timed = json.loads(next(line for line in planned.stdout.splitlines() if line.startswith("[{")))
    assert (agent["devices"], agent["slurm_partition"]) == (1, "gpu")
    assert agent["slurm_extra"] == "--gpus-per-node=a100-sxm4-80gb:1"
    assert (judge["devices"], judge["slurm_partition"]) == (0, "cpu")
    assert not {"gpu", "gpu_model", "gres", "slurm_extra"} & set(judge)
    assert timed["slurm_extra"] == "--gpus-per-node=a100-sxm4-80gb:1 --exclusive"
