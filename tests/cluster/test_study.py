"""The miniature study on SLURM, a node drained in its middle: the same answers as on this machine alone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from conftest import REPOSITORY, running_snakemake, submitting
from pandas.testing import assert_frame_equal
from slurm import NODES, Slurm, ask, eventually
from small_study import keep_splits

pytestmark = pytest.mark.cluster

BENCHMARKS = {"vstar": "direct_attributes", "pope": "random"}
SIZES = {"vstar_direct": 6, "vstar_relative": 4, "hrbench_questions": 2, "pope_images": 3, "plain": 0.5}
ROWS = {"vstar": 6, "pope": 6}
ANSWERS = "results/study/tables/answers.parquet"
SETTINGS = "results/study/tables/settings.csv"
STUDY = ("--configfile", "config/study.yaml", "--", ANSWERS, SETTINGS)
KEY = ["source", "agent", "batch_size", "sample_id"]


def reduced(config: dict[str, Any]) -> dict[str, Any]:
    """The miniature with both agents and every stage, but few questions; the agents' passes in two shards."""
    config |= {"study": "study", "shards": {"agent": 2}}
    config["specreason"] = {"agents": list(config["agents"]), "variants": ["published"]}
    config["miniature"]["sizes"] = SIZES
    keep_splits(config, {name: {split: ROWS[name]} for name, split in BENCHMARKS.items()})
    config["corrected"] = {"images": max(ROWS.values())}
    config["grid"]["batch_sizes"] = {}
    return config


def with_gpus(config: dict[str, Any]) -> dict[str, Any]:
    """The same study holding a GPU in every job that runs a model."""
    for model in config["models"].values():
        if "engine" in model:
            model["engine"]["type"] = "on_cpu:OnCpu"
    config["judge"]["gpus"] = 1
    return config


def clone(folder: Path, config: dict[str, Any]) -> Path:
    subprocess.run(["git", "clone", "--quiet", "--local", str(REPOSITORY), str(folder)], check=True)
    (folder / "config" / "study.yaml").write_text(yaml.safe_dump(config))
    shutil.copy(Path(__file__).parent / "on_cpu.py", folder / "workflow" / "scripts")
    return folder


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return reduced(yaml.safe_load((REPOSITORY / "config" / "miniature.yaml").read_text()))


@pytest.fixture(scope="module")
def local(config, tmp_path_factory) -> Path:
    folder = clone(tmp_path_factory.mktemp("local") / "study", config)
    with running_snakemake(folder, "--workflow-profile", "workflow/profiles/miniature", *STUDY) as run:
        run.succeeds()
    return folder


@pytest.fixture(scope="module")
def on_cluster(slurm: Slurm, local, config, tmp_path_factory) -> Path:
    """The study on both nodes, until the first is drained while a model is at work on it."""
    folder = clone(tmp_path_factory.mktemp("cluster") / "study", with_gpus(config))
    drained = NODES[0]
    try:
        with submitting(folder, *STUDY) as run:
            at_work = ("--states=RUNNING", "--partition=gpu", f"--nodelist={drained}")
            eventually(f"a model is at work on {drained}", lambda: slurm.jobs(folder, *at_work), 120)
            slurm.drain(drained)
            run.succeeds()
        eventually(f"{drained} is drained", lambda: slurm.node_state(drained) == "drained", 120)
    finally:
        slurm.resume(drained)
    return folder


def test_every_answer_of_the_cluster_is_that_of_the_local_run(local, on_cluster, config):
    here, there = (
        pd.read_parquet(folder / ANSWERS).sort_values(KEY, ignore_index=True) for folder in (local, on_cluster)
    )
    # The draft's; agent's and peer's, published and corrected.
    assert len(here) == sum(ROWS.values()) * (1 + 4 * len(config["agents"]))
    assert_frame_equal(here.drop(columns="latency_s"), there.drop(columns="latency_s"))


def test_every_verdict_agrees(local, on_cluster):
    verdicts = (pd.read_parquet(folder / "results/study/judge/verdicts.parquet") for folder in (local, on_cluster))
    here, there = (
        frame.sort_values(["benchmark", "question", "gold", "answer"], ignore_index=True) for frame in verdicts
    )
    assert_frame_equal(here, there)


def test_every_setting_agrees_in_all_that_no_clock_measured(local, on_cluster):
    here, there = (pd.read_csv(folder / SETTINGS) for folder in (local, on_cluster))
    measured = [name for name in here.columns if name.startswith("speedup") or name.endswith("_s")]
    assert len(here) > 100
    assert_frame_equal(here.drop(columns=measured), there.drop(columns=measured))


def test_every_job_with_a_model_held_one_gpu_of_the_wanted_model(on_cluster):
    jobs = ask("scontrol", "--oneliner", "show", "job").splitlines()
    here = [job for job in jobs if f"WorkDir={on_cluster} " in job]
    rules = ("draft", "screen", "agent", "corrected", "specreason", "corrected_specreason", "timing", "judge")
    for rule in rules:
        held = [job for job in here if f"Comment=rule_{rule} " in job or f"Comment=rule_{rule}_" in job]
        assert held, rule
        assert all("TresPerJob=gres:gpu:a100:1 " in job and "Partition=gpu " in job for job in held), held[0]
        # So SLURM tells of a node that is the job's alone.
        assert all(("OverSubscribe=NO " in job) == (rule == "timing") for job in held), held[0]
    others = [job for job in here if "Partition=cpu " in job]
    assert others
    assert not any("gpu:a100" in job for job in others)


def test_nothing_is_left_in_the_queue(on_cluster, slurm):
    assert not slurm.jobs(on_cluster)
