"""A failed job leaves one line on the terminal and the whole story in its log."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from job_times import Ran, beside, jobs_that_ran
from speceyes.runtime.job import job

SCRIPTS = Path(__file__).parents[3] / "workflow" / "scripts"


def said(tmp_path, capsys, error):
    with pytest.raises(SystemExit), job(str(tmp_path / "log")):
        raise error
    return [line for line in capsys.readouterr().err.splitlines() if line]


def test_the_line_names_what_failed_and_the_log(tmp_path, capsys):
    assert said(tmp_path, capsys, ValueError("samples.tsv row 3: answer is empty\nand more")) == [
        "speceyes: ValueError: samples.tsv row 3: answer is empty",
        f"          details: {tmp_path / 'log'}",
    ]
    assert "and more" in (tmp_path / "log").read_text()


def test_the_log_says_when_every_run_of_the_job_began_and_ended(tmp_path, capsys):
    with job(str(tmp_path / "a.log")):
        pass
    said(tmp_path, capsys, ValueError("no"))
    (tmp_path / "log").rename(tmp_path / "b.log")
    with job(str(tmp_path / "a.log")):
        pass
    first, third, second = jobs_that_ran(tmp_path)
    assert [first.log, second.log, third.log] == ["a.log", "b.log", "a.log"]
    assert first.begun <= first.ended <= second.begun <= second.ended <= third.begun <= third.ended
    assert not beside([second], [first, second, third])


@pytest.mark.parametrize(("begun", "ended"), [(0, 2), (2, 4), (1, 3), (0, 5), (2, 2.5)])
def test_jobs_that_run_at_the_same_time_are_found(begun, ended):
    start = datetime(2026, 1, 1)

    def ran(log, begun, ended):
        return Ran(log, start + timedelta(seconds=begun), start + timedelta(seconds=ended))

    timed, before, after = ran("timing", 1, 3), ran("draft", -1, 1), ran("agent", 3, 4)
    assert not beside([timed], [before, timed, after])
    assert beside([timed], [before, ran("screen", begun, ended), timed, after]) == [("timing", "screen")]


def test_a_log_that_the_disk_does_not_take_leaves_the_one_line():
    program = """if True:
        from speceyes.runtime.job import job
        with job("/dev/full"):
            raise ValueError("table.parquet: No space left on device")
    """
    command, environment = [sys.executable, "-c", program], {"PYTHONPATH": str(SCRIPTS)}
    ended = subprocess.run(command, env=environment, stderr=subprocess.PIPE, check=False)
    assert ended.returncode == 1
    assert [line for line in ended.stderr.decode().splitlines() if line] == [
        "speceyes: ValueError: table.parquet: No space left on device",
        "          details: /dev/full",
    ]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("a\x1b[31mred\x07", r"a\x1b[31mred\x07"),
        ("half a character \ud800", r"half a character \ud800"),
        ("right to left \u202e", r"right to left \u202e"),
        ("x" * 200_000, "x" * 1000 + "…"),
        ("", "ValueError"),
    ],
)
def test_the_line_is_short_and_holds_no_control_characters(tmp_path, capsys, message, line):
    assert said(tmp_path, capsys, ValueError(message))[0] == f"speceyes: ValueError: {line}"
