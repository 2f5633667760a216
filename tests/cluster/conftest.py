"""The cluster of this test session, and Snakemake runs that submit to it through the shipped profile."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm import Slurm, running_slurm

REPOSITORY = Path(__file__).parents[2]
PROFILE = REPOSITORY / "workflow" / "profiles" / "slurm"
# What this cluster lacks (accounting, conda), and less patience than a real one needs.
HERE = [
    *("--slurm-no-account", "--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "3"),
    *("--software-deployment-method", "env-modules", "--latency-wait", "10"),
]


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    with running_slurm(tmp_path_factory.mktemp("slurm")) as running:
        yield running


def start_snakemake(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Snakemake in a folder, in a session of its own, with what it says in ``said.txt`` there."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": programs, "OMP_NUM_THREADS": "1"}
    with (folder / "said.txt").open("a") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *words],
            cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip


def submit(folder: Path, *words: str) -> subprocess.Popen[str]:
    """A run whose jobs go to the cluster."""
    return start_snakemake(folder, "--workflow-profile", str(PROFILE), *HERE, *words)


def assert_succeeds(run: subprocess.Popen[str], folder: Path, within_s: float = 400) -> None:
    try:
        status = run.wait(within_s)
    finally:
        run.kill()
    assert status == 0, (folder / "said.txt").read_text()[-6000:]
