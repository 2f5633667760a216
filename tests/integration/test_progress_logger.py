"""What `snakemake --logger progress` shows, from runs of real small workflows."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest
from environments import REPOSITORY
from snakemake_logger_plugin_progress import LINES_PER_RUN

SNAKEFILE = """
rule all:
    input: expand("{n}.txt", n=range(60)), "broken.txt"

rule one:
    output: "{n}.txt"
    wildcard_constraints: n="[0-9]+"
    message: "Making {wildcards.n}"
    shell: "touch {output}"

rule broken:
    output: "broken.txt"
    log: "logs/broken.log"
    shell: "echo 'speceyes: BadRow: row 3, field gold' >&2; false"
"""


def command(*arguments: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "snakemake",
        "--logger",
        "progress",
        "--cores",
        "1",
        "--scheduler",
        "greedy",
        *arguments,
    ]


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "workflow" / "scripts"))
    return tmp_path


def test_a_long_run_prints_jobs_done_share_and_time_left_in_a_few_lines(here):
    done = subprocess.run(command(*(f"{n}.txt" for n in range(60))), check=True, capture_output=True, text=True)
    lines = done.stderr.splitlines()
    assert lines[0] == "0 of 60 jobs, 0 %"
    assert lines[-1] == "60 of 60 jobs, 100 %"
    assert len(lines) == LINES_PER_RUN + 1
    assert all(" %, about " in line and line.endswith(" left") for line in lines[1:-1])
    assert done.stdout == ""


def test_a_failed_job_shows_its_own_line_and_where_its_log_is(here):
    done = subprocess.run(command("--keep-going", "1.txt", "broken.txt"), check=False, capture_output=True, text=True)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert "speceyes: BadRow: row 3, field gold" in lines
    assert "failed: broken, which makes broken.txt; its log: logs/broken.log" in lines
    assert not any("CalledProcessError" in line for line in lines)


def test_a_workflow_that_cannot_be_planned_says_why(here):
    done = subprocess.run(command("absent"), check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "MissingRuleException" in done.stderr
    assert "absent" in done.stderr


def test_a_terminal_gets_one_line_that_is_drawn_over(here):
    leader, follower = pty.openpty()
    process = subprocess.Popen(command("1.txt", "2.txt", "3.txt"), stderr=follower, stdout=follower)
    os.close(follower)
    text = b""
    while True:
        try:
            block = os.read(leader, 4096)
        except OSError:
            break
        if not block:
            break
        text += block
    assert process.wait() == 0
    assert text.count(b"\n") == 1
    assert text.decode().split("\r\x1b[K")[-1].strip() == "3 of 3 jobs, 100 %"
