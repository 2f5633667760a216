"""The cluster of this test session, and Snakemake runs that submit to it through the shipped profile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Run:
    """Snakemake at work in a folder."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def said(self) -> str:
        return (self.folder / "said.txt").read_text()

    def succeeds(self, within_s: float = 600) -> None:
        assert self.process.wait(within_s) == 0, self.said[-6000:]

    def interrupt(self) -> None:
        """As Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(120)


@contextmanager
def running_snakemake(folder: Path, *words: str) -> Iterator[Run]:
    """Snakemake with the environment of these tests; interrupted if it still runs in the end."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": programs, "OMP_NUM_THREADS": "1"}
    # Tests that run in the background ignore interrupts, and whatever they start would, too.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "snakemake", *words]
    with (folder / "said.txt").open("ab") as said:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT)
    run = Run(folder, process)
    try:
        yield run
    finally:
        if process.poll() is None:
            run.interrupt()


def submitting(folder: Path, *words: str) -> AbstractContextManager[Run]:
    """Snakemake whose jobs go to the cluster."""
    return running_snakemake(folder, "--workflow-profile", str(PROFILE), *HERE, *words)


def submitted(folder: Path, *targets: str) -> AbstractContextManager[Run]:
    """Targets of ``faults.smk`` on the cluster."""
    return submitting(folder, "--snakefile", str(Path(__file__).with_name("faults.smk")), "--", *targets)


@pytest.fixture(scope="session", autouse=True)
def slow(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run whose job exceeds its time limit: it only waits, for minutes, so it starts before all else."""
    with submitted(tmp_path_factory.mktemp("slow"), "slow") as run:
        yield run
