"""What happens to jobs on a cluster: cancelled, interrupted; and the devices that SLURM hands out."""

from __future__ import annotations

import pytest
from conftest import submitted
from slurm import Slurm, eventually

pytestmark = pytest.mark.cluster


def test_a_cancelled_job_is_tried_again(slurm: Slurm, tmp_path):
    with submitted(tmp_path, "cancelled") as run:
        eventually("the job runs", lambda: slurm.jobs(tmp_path, "--states=RUNNING"))
        slurm.cancel(*slurm.jobs(tmp_path))
        run.succeeds()
    assert "SLURM status is: 'CANCELLED'" in run.said
    assert (tmp_path / "cancelled").read_text().strip() == "attempt 2"


def test_an_interrupted_run_leaves_no_job_behind(slurm: Slurm, tmp_path):
    with submitted(tmp_path, *(f"endless-{number}" for number in range(3))) as run:
        eventually("three jobs run", lambda: len(slurm.jobs(tmp_path, "--states=RUNNING")) == 3)
        run.interrupt()
    eventually("the run's jobs are gone", lambda: not slurm.jobs(tmp_path))
    assert not list(tmp_path.glob("endless-*"))


def test_the_device_that_slurm_gave_is_the_one_used(slurm, tmp_path):
    with submitted(tmp_path, *(f"lease-{number}" for number in range(3))) as run:
        run.succeeds()
    for path in tmp_path.glob("lease-*"):
        seen, given = path.read_text().splitlines()
        assert seen == f"[] {given.removeprefix('IDX:')}"
    assert len(list(tmp_path.glob("lease-*"))) == 3
