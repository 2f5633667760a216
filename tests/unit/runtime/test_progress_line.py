"""The words of the line that `snakemake --logger progress` shows."""

from __future__ import annotations

import pytest
from snakemake_logger_plugin_progress import duration, status


@pytest.mark.parametrize(
    ("done", "total", "seconds", "expected"),
    [
        (0, 8, 5.0, "0 of 8 jobs, 0 %"),
        (2, 8, 60.0, "2 of 8 jobs, 25 %, about 3 min left"),
        (199, 200, 199.0, "199 of 200 jobs, 99 %, about 10 s left"),
        (8, 8, 60.0, "8 of 8 jobs, 100 %"),
    ],
)
def test_the_line_never_says_all_before_the_end(done, total, seconds, expected):
    assert status(done, total, seconds) == expected


@pytest.mark.parametrize(("seconds", "words"), [(1, "10 s"), (84, "80 s"), (200, "3 min"), (20000, "5.6 h")])
def test_durations_are_rounded_to_what_a_person_waits_for(seconds, words):
    assert duration(seconds) == words
