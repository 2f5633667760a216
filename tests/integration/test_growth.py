"""The benchmark of `make bench` that draws studies of its own, on small ones."""

from __future__ import annotations

from bench_output import printed


def test_growth_is_measured_step_by_step(tmp_path):
    rows = printed(tmp_path, "growth.py", "--samples", "200", "400", "--folder", str(tmp_path))
    steps = [row[:-5] for row in rows[2:]]
    assert len(steps) == 2 * 6
    assert steps[:6] == steps[6:]
