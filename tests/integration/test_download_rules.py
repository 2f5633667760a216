"""The download rules run by Snakemake itself, against a mirror and a prompt server on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hub_mirror import REVISION, Mirror, serving
from test_download_prompts import OFFICIAL, prompt_map

RULES = Path(__file__).parents[2] / "workflow" / "rules" / "download.smk"
SNAKEFILE = """
from pathlib import Path
from types import SimpleNamespace as Found

from speceyes.study.downloads import DATASETS, MODELS, Downloads
from speceyes.study.layout import Layout

CONFIG = Found(
    benchmarks={"bench": Found(source="owner/name", path="resources/datasets/bench")},
    models={
        "open": Found(source="owner/name", path="resources/models/open", revision=None),
        "here": Found(source=None, path="resources/models/here", revision=None),
    },
    draft=Found(model="open"),
    agents={},
    judge=Found(model="here", url=None),
    prompts="resources/prompts",
)
DOWNLOADS = Downloads(Found(config=CONFIG), Path("config"))
LAYOUT = Layout.of("trial")
code = lambda script: "unchanged"
include: "RULES"
""".replace("RULES", str(RULES))


class Study:
    def __init__(self, folder: Path, mirror: Mirror) -> None:
        self.folder = folder
        self.mirror = mirror
        self.environment = os.environ | {
            "HF_ENDPOINT": mirror.url,
            "HF_HOME": str(folder / "home"),
            "PYTHONPATH": str(RULES.parents[1] / "scripts"),
        }
        for name in ("workflow", "config"):
            (folder / name).mkdir()
        (folder / "workflow" / "Snakefile").write_text(SNAKEFILE)
        self.register("table.tsv: {rows: 2}", "'*.json': {}")

    def register(self, dataset_files: str, model_files: str) -> None:
        datasets = f"owner/name: {{revision: {REVISION}, files: {{{dataset_files}}}}}"
        (self.folder / "config" / "datasets.yaml").write_text(datasets)
        (self.folder / "config" / "models.yaml").write_text(f"owner/name: {{revision: null, files: {{{model_files}}}}}")
        shipped = prompt_map(self.mirror).model_dump(by_alias=True)
        (self.folder / "config" / "prompts.yaml").write_text(yaml.safe_dump(shipped))

    def make(self, *targets: str) -> subprocess.CompletedProcess:
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "--cores",
            "1",
            "--quiet",
            "rules",
            "--scheduler",
            "greedy",
            *targets,
        ]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )


@pytest.fixture
def study(tmp_path):
    files = {"table.tsv": b"index\tq\n0\tx\n1\ty\n", "config.json": b"{}"}
    with serving(Mirror(files | {path: text.encode() for path, text in OFFICIAL.items()})) as mirror:
        yield Study(tmp_path, mirror)


def test_everything_a_study_needs(study):
    targets = ("resources/datasets/bench", "resources/models/open", "resources/prompts/judge.yaml")
    done = study.make(*targets)
    assert done.returncode == 0, done.stderr
    assert (study.folder / "resources/datasets/bench/table.tsv").read_bytes().startswith(b"index")
    assert (study.folder / "resources/models/open/config.json").read_bytes() == b"{}"
    assert REVISION in (study.folder / "config/pins/owner--name.yaml").read_text()
    assert (study.folder / "resources/prompts/thyme.yaml").exists()
    study.mirror.requests.clear()
    assert study.make(*targets).returncode == 0
    assert study.make("-R", "download_dataset", "resources/datasets/bench").returncode == 0
    assert study.mirror.requests == []


def test_a_fault_is_one_line_on_the_terminal_and_the_next_run_goes_on(study):
    study.register("table.tsv: {rows: 3}", "'*.json': {}")
    failed = study.make("resources/datasets/bench")
    assert failed.returncode == 1
    (line,) = [line for line in failed.stderr.splitlines() if line.startswith("speceyes: ")]
    assert line.startswith(f"speceyes: DownloadError: owner/name at {REVISION}: table.tsv: 2 rows, the registry says 3")
    assert "details: results/trial/logs/download/datasets/bench.log" in failed.stderr
    assert not (study.folder / "resources/datasets/bench").exists()
    study.register("table.tsv: {rows: 2}", "'*.json': {}")
    study.mirror.requests.clear()
    assert study.make("resources/datasets/bench").returncode == 0
    assert study.mirror.requests == []


def test_a_path_without_a_source_must_exist(study):
    missing = study.make("resources/models/here")
    assert missing.returncode == 1
    assert "resources/models/here" in missing.stderr
