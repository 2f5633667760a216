"""A whole study whose draft, agents and judge are all served by the real vLLM; one server is killed in its middle."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml
from small_study import keep_splits
from speceyes.records.tables import read_table
from speceyes.records.types import AgentRecord
from speceyes.study.config import load_config
from vllm_servers import REPOSITORY, served_model, server
from workspace import Workspace

pytestmark = pytest.mark.vllm

QUESTIONS = 6
AGENTS = ("deepeyes", "thyme")
KILLED = "results/served/agent/deepeyes/pope/random/1-of-1.parquet"
MAIN_TABLE = "results/served/tables/main_table.csv"  # what comes after it asks no model
SIZES = {"vstar_direct": 4, "vstar_relative": 4, "hrbench_questions": 2, "pope_images": 3, "plain": 0.5}


def served_study() -> str:
    """The miniature's configuration with every model served, on a handful of questions.

    What runs a model again that another stage has already served is left out: each job starts its servers anew.
    """
    config = yaml.safe_load((REPOSITORY / "config/miniature.yaml").read_text(encoding="utf-8"))
    known = load_config(config)
    config["study"] = "served"
    config["miniature"]["sizes"] = SIZES
    keep_splits(config, {"pope": {"random": QUESTIONS}})
    for name in ("draft", *AGENTS):
        config["models"][name] |= {"engine": served_model(known, name), "gpus": 0}
    config["models"]["deepeyes"]["engine"]["concurrency"] = 1  # questions end one after the other, before the kill
    config["judge"]["server"] = server("judge")
    config["grid"]["batch_sizes"] = {}
    config["corrected"] = {"images": 0}
    config["specreason"]["agents"] = []
    config["live"] = {"metrics": []}
    del config["load"]
    return yaml.safe_dump(config)


def journal(folder: Path) -> list[AgentRecord]:
    """What the agent has finished so far."""
    lines = [
        line
        for path in (folder / "results/served/journals").glob("agent-deepeyes*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()[1:]
    ]
    return [AgentRecord.model_validate_json(line) for line in lines if line.endswith("}")]


def servers(folder: Path) -> list[int]:
    """Processes of vLLM that jobs of this workspace have started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            here = (process / "cwd").readlink() == folder
        except OSError:
            continue
        if here and words[1:3] == ["-m", "vllm.entrypoints.openai.api_server"]:
            found.append(int(process.name))
    return found


def killed_in_its_middle(study: Workspace) -> tuple[list[AgentRecord], str]:
    """Run the agent's stage until it has finished a question, kill its server; what was finished, what was said."""
    command = study.command("--quiet", "all", "--", KILLED)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=study.folder, env=study.environment, **pipes) as running:
        deadline = time.monotonic() + 600
        while not journal(study.folder):
            assert running.poll() is None, running.communicate()[0][-6000:]
            assert time.monotonic() < deadline, "no question was finished"
            time.sleep(0.01)
        (pid,) = servers(study.folder)
        os.kill(pid, signal.SIGKILL)
        said, _ = running.communicate(timeout=300)
        assert running.returncode != 0, said[-6000:]
    return journal(study.folder), said


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace.copy(tmp_path_factory.mktemp("served"), served_study())


@pytest.fixture(scope="module")
def killed(study: Workspace) -> tuple[list[AgentRecord], str]:
    return killed_in_its_middle(study)


@pytest.fixture(scope="module")
def finished(study: Workspace, killed: tuple[list[AgentRecord], str]) -> Path:
    """The study's folder after the run that came after the kill."""
    study.snakemake("--", MAIN_TABLE)
    return study.folder


def test_a_killed_server_ends_its_job_in_one_line(study, killed):
    before, said = killed
    assert 0 < len(before) < QUESTIONS
    told = [line for line in said.splitlines() if "speceyes:" in line]
    assert len(told) == 1, said
    assert re.search(r"EngineError: engine: the server ended with code 137: .*; see \S+\.deepeyes\.log", told[0])
    assert "Traceback" not in said
    assert not servers(study.folder)


def test_the_next_run_goes_on_where_the_server_was_killed(finished, killed):
    before, _ = killed
    after = {record.sample_id: record for record in read_table(finished / KILLED, AgentRecord)}
    assert len(after) == QUESTIONS
    assert all(after[record.sample_id] == record for record in before)


def test_a_study_is_drafted_answered_timed_and_judged_by_servers(finished):
    main = pd.read_csv(finished / MAIN_TABLE)
    assert set(main["agent"].dropna()) == set(AGENTS)
    assert (main["n"] == QUESTIONS).all()
    assert main["speedup"].notna().all()
    verdicts = pd.read_parquet(finished / "results/served/judge/verdicts.parquet")
    assert (verdicts["published_decided_by"] == "judge").any()
    assert not servers(finished)
