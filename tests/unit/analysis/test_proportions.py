import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from speceyes.analysis.proportions import paired_difference, proportion_interval, sign_flip_p

LEVEL = 0.95
SAMPLES = 2000


def one_share(right, counted):
    low, high = proportion_interval(
        np.array(right, dtype=float)[:, None], np.array(counted, dtype=float)[:, None], LEVEL
    )
    return float(low[0]), float(high[0])


@pytest.mark.parametrize(("right", "rows"), [(20, 20), (0, 20), (19, 20), (1, 2), (1, 1), (700, 800)])
def test_rows_with_images_of_their_own_have_clopper_and_pearsons_interval(right, rows):
    expected = binomtest(right, rows).proportion_ci(LEVEL, method="exact")
    assert one_share([1] * right + [0] * (rows - right), [1] * rows) == pytest.approx(expected)


def test_twenty_right_of_twenty_may_be_fewer_than_nine_in_ten():
    low, high = one_share([1] * 20, [1] * 20)
    assert (round(low, 2), high) == (0.83, 1.0)


@pytest.mark.parametrize("copies", [2, 5, 40])
def test_copies_of_a_row_about_one_image_do_not_narrow_the_interval(copies):
    right = np.array([1, 0, 1, 1, 0, 1, 1, 1])
    assert one_share(right * copies, [copies] * 8) == pytest.approx(one_share(right, [1] * 8))


def test_all_rows_right_count_by_image():
    assert one_share([4] * 20, [4] * 20) == pytest.approx(one_share([1] * 20, [1] * 20))


def test_rows_that_do_not_follow_their_image_count_nearly_one_by_one():
    right = np.random.default_rng(0).binomial(4, 0.5, size=500)
    low, high = one_share(right, [4] * 500)
    exact = binomtest(int(right.sum()), 2000).proportion_ci(LEVEL, method="exact")
    assert high - low == pytest.approx(exact.high - exact.low, rel=0.1)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.98, 1.0])
@pytest.mark.parametrize("rows", [20, 76, 800])
@pytest.mark.parametrize(("per_image", "alike"), [(1, 0.0), (4, 0.0), (4, 0.3), (4, 0.6), (4, 1.0)])
def test_the_intervals_cover_the_true_share_at_least_as_often_as_they_say(share, rows, per_image, alike):
    """``alike`` of the rows about an image take the image's outcome, so that they are correlated."""
    generator = np.random.default_rng([rows, per_image, int(10 * alike), int(100 * share)])
    images = rows // per_image
    own = generator.random((images, per_image, SAMPLES)) < share
    shared = generator.random((images, 1, SAMPLES)) < share
    right = np.where(generator.random(own.shape) < alike, shared, own).sum(axis=1).astype(float)
    low, high = proportion_interval(right, np.full(right.shape, float(per_image)), LEVEL)
    covered = ((low <= share) & (share <= high)).mean()
    assert covered >= LEVEL - 2 * np.sqrt(LEVEL * (1 - LEVEL) / SAMPLES)


def test_nothing_counted_has_no_interval():
    assert np.isnan(one_share([0, 0], [0, 0])).all()


def test_images_of_which_nothing_is_counted_do_not_matter():
    assert one_share([1, 0, 2, 0], [1, 0, 2, 2]) == pytest.approx(one_share([1, 2, 0], [1, 2, 2]))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30))
def test_an_interval_holds_its_share_and_has_a_width(images):
    right, counted = np.array([(min(pair), max(pair)) for pair in images]).T
    if counted.sum():
        low, high = one_share(right, counted)
        assert 0 <= low <= right.sum() / counted.sum() <= high <= 1
        assert high > low


def compared(wins, losses, rows):
    """Rows with images of their own, of which the first system wins some and loses some."""
    outcome = np.zeros(rows)
    outcome[:wins], outcome[wins : wins + losses] = 1, -1
    found = paired_difference(*(np.array(part, dtype=float)[:, None] for part in _parts(outcome)), LEVEL)
    return {name: float(getattr(found, name)[0]) for name in found.__dataclass_fields__}


def _parts(outcome):
    return outcome > 0, outcome < 0, np.ones_like(outcome)


@pytest.mark.parametrize(("wins", "losses"), [(4, 0), (0, 5), (6, 0), (12, 3), (3, 12), (7, 7), (0, 0), (1, 0)])
def test_rows_with_images_of_their_own_have_mcnemars_exact_p(wins, losses):
    expected = binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert compared(wins, losses, 76)["p"] == pytest.approx(expected)


def test_four_wins_and_no_loss_of_76_may_be_chance():
    found = compared(4, 0, 76)
    assert found["p"] == pytest.approx(0.125)
    assert found["low"] < 0 < found["high"]


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 60))
def test_an_interval_without_zero_means_that_the_exact_test_rejects(wins, losses, ties):
    if wins + losses + ties:
        found = compared(wins, losses, wins + losses + ties)
        assert found["low"] <= found["difference"] <= found["high"]
        assert (found["low"] <= 0 <= found["high"]) or found["p"] <= 1 - LEVEL
        assert found["high"] > found["low"]


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9))
def test_the_p_of_whole_images_counts_every_way_to_turn_them(gains):
    ways = [abs(np.dot(signs, gains)) for signs in itertools.product((-1, 1), repeat=len(gains))]
    expected = np.mean([way >= abs(sum(gains)) for way in ways])
    assert float(sign_flip_p(np.array(gains, dtype=float)[:, None])[0]) == pytest.approx(expected)


def test_rows_won_on_one_image_are_one_piece_of_evidence():
    """Eight wins on two images say no more than two wins."""
    assert float(sign_flip_p(np.array([[4.0], [4.0], [0.0]]))[0]) == pytest.approx(0.5)


def test_nothing_scored_for_both_has_neither_difference_nor_p():
    found = paired_difference(*[np.zeros((3, 1))] * 3, LEVEL)
    assert np.isnan([found.difference, found.low, found.high, found.p]).all()


@pytest.mark.parametrize("rows", [20, 76, 800])
@pytest.mark.parametrize(("per_image", "alike"), [(1, 0.0), (4, 0.0), (4, 0.6), (4, 1.0)])
@pytest.mark.parametrize(("won", "lost"), [(0.02, 0.02), (0.1, 0.1), (0.2, 0.05), (0.05, 0.0)])
def test_differences_are_covered_and_equals_rarely_called_different(rows, per_image, alike, won, lost):
    samples = 1000
    generator = np.random.default_rng([rows, per_image, int(10 * alike), int(100 * won), int(100 * lost)])
    images, odds = rows // per_image, [won, lost, 1 - won - lost]
    own = generator.choice([1, -1, 0], p=odds, size=(images, per_image, samples))
    shared = generator.choice([1, -1, 0], p=odds, size=(images, 1, samples))
    outcome = np.where(generator.random(own.shape) < alike, shared, own)
    rights = [(outcome == side).sum(axis=1).astype(float) for side in (1, -1)]
    found = paired_difference(*rights, np.full((images, samples), float(per_image)), LEVEL)
    error = np.sqrt(LEVEL * (1 - LEVEL) / samples)
    assert ((found.low <= won - lost) & (won - lost <= found.high)).mean() >= LEVEL - 2 * error
    if won == lost:
        assert (found.p <= 1 - LEVEL).mean() <= 1 - LEVEL + 2 * error


def test_the_p_of_very_many_images_goes_on_where_the_exact_one_ends(monkeypatch):
    generator = np.random.default_rng(0)
    gains = np.repeat([1, -1, 2, -2], [520, 480, 150, 120])[:, None] * np.ones((1, 1))
    gains = np.hstack([gains, generator.permutation([1] * 650 + [-1] * 620)[:, None]])
    exact = sign_flip_p(gains)
    monkeypatch.setattr("speceyes.analysis.proportions.EXACT_IMAGES", 100)
    assert sign_flip_p(gains) == pytest.approx(exact, abs=0.02)
