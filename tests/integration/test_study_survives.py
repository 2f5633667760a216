"""A job or a Snakemake killed in its middle goes on where it stopped; nothing in the end tells that it was killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
from speceyes.records.tables import read_table
from speceyes.records.types import AgentRecord
from workspace import Workspace

TARGET = "results/small/agent/deepeyes/pope/random/1-of-1.parquet"
FINISHED_BEFORE_KILL = 3
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


def begun(study: Workspace, command: list[str]) -> subprocess.Popen[bytes]:
    """A run whose agent has finished a few samples."""
    devnull = subprocess.DEVNULL
    running = subprocess.Popen(command, cwd=study.folder, env=study.environment, stdout=devnull, stderr=devnull)
    deadline = time.monotonic() + 300
    while len(journal_lines(study.folder)) < FINISHED_BEFORE_KILL:
        assert running.poll() is None, "the job ended before it could be killed"
        assert time.monotonic() < deadline, "no sample was finished"
        time.sleep(0.01)
    return running


def finished_before(study: Workspace) -> list[AgentRecord]:
    """What the journal of a killed job holds."""
    return [AgentRecord.model_validate_json(line) for line in journal_lines(study.folder) if line.endswith("}")]


def kept(before: list[AgentRecord], after: list[AgentRecord]) -> bool:
    """Whether each record is there as it was: a sample generated twice would have another latency."""
    found = {record.sample_id: record for record in after}
    return all(found[record.sample_id] == record for record in before)


def copied_without_target(workspace: Workspace, folder: Path) -> Workspace:
    study = workspace.copied(folder)
    (study.folder / TARGET).unlink()
    return study


def test_a_killed_job_resumes_at_the_next_sample_and_ends_in_the_same_tables(workspace, results, tmp_path):
    study = copied_without_target(workspace, tmp_path / "killed")
    for made_from_it in ("replay", "tables"):
        shutil.rmtree(study.folder / "results/small" / made_from_it)
    running = begun(study, study.command("--quiet", "all"))
    for worker in workers(study.folder):
        os.kill(worker, signal.SIGKILL)
    assert running.wait(120) != 0
    before = finished_before(study)
    undisturbed = list(read_table(workspace.folder / TARGET, AgentRecord))
    assert FINISHED_BEFORE_KILL <= len(before) < len(undisturbed), "killed too late to tell"

    tables = sorted((results / "tables").glob("*.csv"))
    study.snakemake("--", *(f"results/small/tables/{table.name}" for table in tables), "results/small/README.md")
    after = list(read_table(study.folder / TARGET, AgentRecord))
    assert kept(before, after)
    assert [answer(record) for record in after] == [answer(record) for record in undisturbed]
    assert not journal_lines(study.folder)
    for table in tables:
        if table.name not in TIMED_TABLES:
            pd.testing.assert_frame_equal(untimed(study.folder / "results/small/tables" / table.name), untimed(table))


def test_jobs_end_with_a_killed_snakemake_and_the_same_command_goes_on(workspace, tmp_path):
    study = copied_without_target(workspace, tmp_path / "killed")
    snakemake = study.command("--quiet", "all", "--", TARGET)
    command = [sys.executable, "-m", "speceyes", "run", *snakemake[snakemake.index("snakemake") + 1 :]]
    running = begun(study, command)
    running.kill()
    running.wait()
    deadline = time.monotonic() + 60
    while workers(study.folder):
        assert time.monotonic() < deadline, "a job outlived its Snakemake"
        time.sleep(0.1)
    before = finished_before(study)
    assert len(before) >= FINISHED_BEFORE_KILL

    def again() -> list[AgentRecord]:
        ended = subprocess.run(command, cwd=study.folder, env=study.environment, capture_output=True, check=False)
        assert ended.returncode == 0, ended.stderr.decode()[-6000:]
        return list(read_table(study.folder / TARGET, AgentRecord))

    after = again()
    assert kept(before, after)
    # So Snakemake does with a table that it had not noted as complete when it was killed.
    (study.folder / TARGET).unlink()
    assert again() == after


def untimed(table: Path) -> pd.DataFrame:
    """A table without what tells the time."""
    found = pd.read_csv(table)
    return found[[column for column in found if not TIMED.search(column)]]


def answer(record: AgentRecord) -> tuple[object, ...]:
    """All that does not tell the time."""
    turns = tuple((turn.text, turn.tool and (turn.tool.status, turn.tool.images)) for turn in record.turns)
    return record.sample_id, record.status, record.answer, record.generated_tokens, turns
