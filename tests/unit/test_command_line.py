"""`python -m speceyes`: every command explains itself and changes nothing by being asked to."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from environments import REPOSITORY
from speceyes.__main__ import COMMANDS

HEAVY = {"torch", "transformers", "scipy", "pandas", "pyarrow", "matplotlib", "pydantic"}


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "workflow" / "scripts")}
    command = [sys.executable, "-m", "speceyes", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, **options)  # type: ignore[call-overload, no-any-return]


def test_help_lists_every_command():
    done = run("--help")
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_asked_for_help_writes_nothing(command, tmp_path):
    generated = [REPOSITORY / "config" / "README.md", REPOSITORY / "workflow" / "schemas" / "config.schema.json"]
    before = [path.stat().st_mtime_ns for path in generated]
    done = run(command, "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"usage: python -m speceyes {command}" in done.stdout
    assert [path.stat().st_mtime_ns for path in generated] == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_does_not_wait_for_a_heavy_library(command):
    program = f"""
import sys
from speceyes.__main__ import main
try:
    main([{command!r}, "--help"])
except SystemExit:
    print("imported:", *{HEAVY!r} & set(sys.modules))
"""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "workflow" / "scripts")}
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment)
    assert done.stdout.splitlines()[-1] == "imported:"


def test_an_unknown_command_is_refused_with_those_there_are():
    done = run("trian-miniature")
    assert done.returncode == 2
    assert "invalid choice" in done.stderr
    assert "train-miniature" in done.stderr


def test_the_estimate_of_the_papers_study_names_every_stage():
    done = run("estimate", str(REPOSITORY / "config" / "config.yaml"))
    assert done.returncode == 0, done.stderr
    assert all(f"\n  {stage}" in done.stdout for stage in ("draft", "screen thyme", "agent deepeyes", "live thyme"))


@pytest.mark.parametrize("text", ["study: [", "study: 3\nstudy: 4\n", "stdy: paper\n"])
def test_the_estimate_of_a_broken_study_says_what_is_wrong_with_it(text, tmp_path):
    (tmp_path / "mine.yaml").write_text(text)
    done = run("estimate", str(tmp_path / "mine.yaml"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
