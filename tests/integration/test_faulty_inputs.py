"""A faulty split or prompt ends a run before any model is loaded, whichever split or agent it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from official_forms import pope_row, write_pope, write_vstar
from small_study import keep_splits
from workspace import REPOSITORY

MINIATURE = REPOSITORY / "resources" / "miniature"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two benchmarks as downloaded, and a study of them with the miniature's models and prompts of its own."""
    for number in range(4):
        write_vstar(tmp_path / "vstar", f"{number}")
    write_pope(tmp_path / "pope", [pope_row(number) for number in range(4)])
    shutil.copytree(MINIATURE / "prompts", tmp_path / "prompts")
    config = yaml.safe_load((REPOSITORY / "config" / "miniature.yaml").read_text())
    del config["miniature"]
    keep_splits(config, {"vstar": {"direct_attributes": 4}, "pope": {"adversarial": 4}})
    config |= {"study": "faulty", "prompts": "prompts"}
    for name in config["benchmarks"]:
        config["benchmarks"][name]["path"] = name
    for name in config["models"]:
        config["models"][name]["path"] = str(MINIATURE / name)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def failing_run(folder: Path) -> str:
    """What a run says that goes as far as it can and then fails; no job of it may have loaded a model."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", REPOSITORY / "workflow" / "Snakefile"]
    arguments = ["--workflow-profile", "none", "--configfile", "study.yaml", "--cores", "2", "--keep-going"]
    run = subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 1
    begun = {path.name for path in (folder / "results" / "faulty" / "logs").glob("*/")}
    assert begun <= {"index"}
    return run.stdout + run.stderr


def test_a_faulty_split_ends_the_run_before_another_splits_models_run(folder):
    path = write_pope(folder / "pope", [pope_row(0), pope_row(1, answer="maybe"), pope_row(2), pope_row(3)])
    said = failing_run(folder)
    where = path.relative_to(folder)
    assert f"speceyes: BenchmarkError: {where} row 2: answer is 'maybe', expected one of yes, no" in said


def test_a_faulty_prompt_file_ends_the_run_before_any_model_runs(folder):
    prompts = folder / "prompts" / "judge.yaml"
    prompts.write_text(prompts.read_text() + "\nextra: 1\n")
    assert "speceyes: PromptError: prompts/judge.yaml: extra: unknown key" in failing_run(folder)


@pytest.mark.parametrize("key", [None, "", "two\nlines"])
def test_a_judges_key_that_cannot_be_sent_ends_the_run_before_any_job(folder, monkeypatch, key):
    config = yaml.safe_load((folder / "study.yaml").read_text())
    config["judge"] |= {"url": "http://127.0.0.1:9/v1", "client": {"api_key_variable": "A_JUDGES_KEY"}}
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    monkeypatch.delenv("A_JUDGES_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("A_JUDGES_KEY", key)
    said = failing_run(folder)
    assert "the environment variable A_JUDGES_KEY " in said
    assert "two" not in said
    assert not (folder / "results" / "faulty" / "logs").exists()
