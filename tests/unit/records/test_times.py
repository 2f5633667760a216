import numpy as np
import pytest
from speceyes.records.times import completed

TOKENS = np.array([10, 20, 30, 40, 50, 60])
CALLS = np.array([0, 2, 1, 0, 1, 2])
EXACT = 0.1 + 0.01 * TOKENS + 0.3 * CALLS


def only(seconds, *timed):
    return np.where(np.isin(np.arange(len(seconds)), timed), seconds, np.nan)


def test_seconds_of_samples_that_were_not_timed_follow_from_tokens_and_tool_calls():
    assert completed(only(EXACT, 0, 1, 2, 4), [TOKENS, CALLS]) == pytest.approx(EXACT)


def test_measured_seconds_are_kept():
    measured = only(EXACT * [1, 3, 1, 1, 0.5, 1], 1, 4)
    assert completed(measured, [TOKENS, CALLS])[[1, 4]].tolist() == measured[[1, 4]].tolist()


def test_without_work_the_estimate_is_the_mean_of_the_timed():
    assert completed(np.array([1.0, np.nan, 3.0])) == pytest.approx([1, 2, 3])


def test_what_was_not_timed_at_all_stays_unknown():
    assert np.isnan(completed(np.full(6, np.nan), [TOKENS, CALLS])).all()


@pytest.mark.parametrize("timed", [(0,), (0, 3), (1, 2, 5)])
def test_few_timed_samples_never_give_negative_seconds(timed):
    falling = only(5.0 - 0.08 * TOKENS, *timed)
    assert (completed(falling, [TOKENS, CALLS]) >= 0).all()


def test_no_tokens_and_no_tool_calls_in_any_timed_sample_leave_the_mean():
    seconds = np.array([1.0, 3.0, np.nan])
    assert completed(seconds, [np.array([0, 0, 7]), np.zeros(3)])[2] == pytest.approx(2)
