"""A job or a Snakemake killed in its middle goes on where it stopped; nothing in the end tells that it was killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from speceyes.records.tables import read_table
from speceyes.records.types import AgentRecord
from workspace import Workspace

TARGET = "results/small/agent/deepeyes/pope/random/1-of-1.parquet"
FINISHED_BEFORE_KILL = 3
Kill = Callable[[Workspace, "subprocess.Popen[bytes]"], None]
TIMED = re.compile("speedup|latency|_s$|sentence")
# When jobs ran; what is cheapest; speedups row by row.
TIMED_TABLES = {"provenance.csv", "pareto.csv", "published_vs_ours.csv"}


def journal_lines(folder: Path) -> list[str]:
    """Finished samples in the agent's journal, its header left out."""
    found = list((folder / "results" / "small" / "journals").glob("agent-*.jsonl"))
    return found[0].read_text(encoding="utf-8").splitlines()[1:] if found else []


def workers(folder: Path) -> list[int]:
    """Processes that run a rule's script in this workspace."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace")
            here = str((process / "cwd").readlink()) == str(folder)
        except OSError:
            continue
        if here and ".snakemake/scripts" in words and "python" in words.partition("\0")[0]:
            found.append(int(process.name))
    return found


def kill_the_jobs(study: Workspace, running: subprocess.Popen[bytes]) -> None:
    for worker in workers(study.folder):
        os.kill(worker, signal.SIGKILL)
    assert running.wait(120) != 0


def kill_snakemake(study: Workspace, running: subprocess.Popen[bytes]) -> None:
    """Its jobs end by themselves; the lock that it held stays."""
    running.kill()
    running.wait()
    deadline = time.monotonic() + 60
    while workers(study.folder):
        assert time.monotonic() < deadline, "a job outlived its Snakemake"
        time.sleep(0.1)
    assert list((study.folder / ".snakemake" / "locks").glob("*.lock"))


def killed_in_its_middle(study: Workspace, kill: Kill) -> list[AgentRecord]:
    """Start the study, kill what is to be killed after a few samples; what had been finished."""
    running = subprocess.Popen(
        again(study),
        cwd=study.folder,
        env=study.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while len(journal_lines(study.folder)) < FINISHED_BEFORE_KILL:
        assert running.poll() is None, "the job ended before it could be killed"
        assert time.monotonic() < deadline, "no sample was finished"
        time.sleep(0.01)
    kill(study, running)
    return [AgentRecord.model_validate_json(line) for line in journal_lines(study.folder) if line.endswith("}")]


def again(study: Workspace) -> list[str]:
    """The command that starts the study and that is typed again after a kill, as the Makefile has it."""
    return [sys.executable, "-m", "speceyes", "run", *study.command("--quiet", "all")[3:]]


@pytest.mark.parametrize("kill", [kill_the_jobs, kill_snakemake])
def test_what_was_killed_resumes_at_the_next_sample_and_ends_in_the_same_tables(workspace, results, tmp_path, kill):
    study = Workspace(shutil.copytree(workspace.folder, tmp_path / "killed"), tmp_path / "killed/config/study.yaml")
    (study.folder / TARGET).unlink()
    for made_from_it in ("replay", "tables", "figures"):
        shutil.rmtree(study.folder / "results/small" / made_from_it)
    before = killed_in_its_middle(study, kill)
    undisturbed = list(read_table(workspace.folder / TARGET, AgentRecord))
    assert FINISHED_BEFORE_KILL <= len(before) < len(undisturbed), "killed too late to tell"

    ended = subprocess.run(again(study), cwd=study.folder, env=study.environment, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()[-6000:]
    after = list(read_table(study.folder / TARGET, AgentRecord))
    # A sample generated twice would have another latency.
    assert after[: len(before)] == before
    assert [answer(record) for record in after] == [answer(record) for record in undisturbed]
    assert not journal_lines(study.folder)
    for table in (results / "tables").glob("*.csv"):
        if table.name not in TIMED_TABLES:
            pd.testing.assert_frame_equal(untimed(study.folder / "results/small/tables" / table.name), untimed(table))


def untimed(table: Path) -> pd.DataFrame:
    """A table without what tells the time."""
    found = pd.read_csv(table)
    return found[[column for column in found if not TIMED.search(column)]]


def answer(record: AgentRecord) -> tuple[object, ...]:
    """All that does not tell the time."""
    turns = tuple((turn.text, turn.tool and (turn.tool.status, turn.tool.images)) for turn in record.turns)
    return record.sample_id, record.status, record.answer, record.generated_tokens, turns
