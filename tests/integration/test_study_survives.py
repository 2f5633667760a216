"""A job killed in its middle goes on where it stopped, and nothing in the end tells that it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from small_study import small_study
from speceyes.records import AgentRecord, read_table
from workspace import Workspace

TARGET = "results/small/agent/deepeyes/pope/random/1-of-1.parquet"
FINISHED_BEFORE_KILL = 3


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


def test_a_killed_pass_resumes_at_the_next_sample(workspace, results, tmp_path):
    fresh = Workspace.copy(tmp_path / "killed", small_study())
    running = subprocess.Popen(
        fresh.command("--quiet", "all", "--", TARGET),
        cwd=fresh.folder,
        env=fresh.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while len(journal_lines(fresh.folder)) < FINISHED_BEFORE_KILL:
        assert running.poll() is None, "the job ended before it could be killed"
        assert time.monotonic() < deadline, "no sample was finished"
        time.sleep(0.01)
    for worker in workers(fresh.folder):
        os.kill(worker, signal.SIGKILL)
    assert running.wait(120) != 0
    before = [AgentRecord.model_validate_json(line) for line in journal_lines(fresh.folder) if line.endswith("}")]
    undisturbed = list(read_table(workspace.folder / TARGET, AgentRecord))
    assert FINISHED_BEFORE_KILL <= len(before) < len(undisturbed), "killed too late to tell"

    fresh.snakemake("--", TARGET)
    after = list(read_table(fresh.folder / TARGET, AgentRecord))
    # A sample generated twice would have another latency.
    assert after[: len(before)] == before
    assert [answer(record) for record in after] == [answer(record) for record in undisturbed]
    assert not journal_lines(fresh.folder)


def answer(record: AgentRecord) -> tuple[object, ...]:
    """All that does not tell the time."""
    turns = tuple((turn.text, turn.tool and (turn.tool.status, turn.tool.images)) for turn in record.turns)
    return record.sample_id, record.status, record.answer, record.generated_tokens, turns
