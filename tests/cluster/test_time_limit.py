"""A job that is too slow for its time limit. It started before all other tests (conftest.py)."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.cluster


def test_a_job_over_its_time_limit_is_tried_again_with_more(slow):
    slow.succeeds()
    assert "SLURM status is: 'TIMEOUT'" in slow.said
    assert (slow.folder / "slow").read_text().strip() == "2:00"
