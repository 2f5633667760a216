import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap as scipy_bootstrap
from speceyes.analysis.bootstrap import ImageBootstrap
from speceyes.analysis.settings import StatisticsSettings

MANY = StatisticsSettings(resamples=20000)


def accuracy_interval(right, images, settings=MANY):
    made = ImageBootstrap(np.asarray(images), settings)
    right = np.asarray(right, dtype=float)
    low, high = made.interval(made.ratios(made.sums(right), made.sums(np.ones_like(right))))
    return float(low), float(high)


def test_rows_with_images_of_their_own_give_scipys_percentile_interval():
    right = (np.random.default_rng(1).random(150) < 0.8).astype(float)
    reference = scipy_bootstrap(
        (right,), np.mean, method="percentile", n_resamples=20000, vectorized=True, rng=np.random.default_rng(2)
    ).confidence_interval
    assert accuracy_interval(right, [str(row) for row in range(150)]) == pytest.approx(reference, abs=0.008)


def test_clusters_give_scipys_percentile_interval_over_clusters():
    generator = np.random.default_rng(3)
    sizes = generator.integers(1, 6, size=80)
    images = np.repeat(np.arange(80), sizes)
    right = (generator.random(len(images)) < np.repeat(generator.random(80), sizes)).astype(float)
    totals = np.bincount(images, weights=right)
    reference = scipy_bootstrap(
        (np.arange(80),),
        lambda drawn, axis: totals[drawn].sum(axis=axis) / sizes[drawn].sum(axis=axis),
        method="percentile",
        n_resamples=20000,
        vectorized=True,
        rng=np.random.default_rng(4),
    ).confidence_interval
    assert accuracy_interval(right, images.astype(str)) == pytest.approx(reference, abs=0.008)


def test_copies_of_a_row_about_one_image_do_not_narrow_the_interval():
    right = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    once = accuracy_interval(right, list("abcdefgh"))
    copied = accuracy_interval(np.repeat(right, 5), np.repeat(list("abcdefgh"), 5))
    assert copied == pytest.approx(once)


def test_a_single_image_has_an_interval_of_no_width():
    assert accuracy_interval([1, 0, 1, 1], ["a"] * 4) == (0.75, 0.75)


def test_a_denominator_of_zero_is_no_number():
    made = ImageBootstrap(np.array(["a", "b"]), StatisticsSettings(resamples=100))
    draws = made.ratios(made.sums(np.zeros((2, 1))), made.sums(np.zeros((2, 1))))
    assert np.isnan(made.interval(draws)).all()


def test_resamples_without_a_value_are_no_evidence():
    made = ImageBootstrap(np.array(["a", "b", "c"]), StatisticsSettings(resamples=100))
    draws = np.full((2000, 3), np.nan)
    draws[:100, 0] = 0.7  # the others could have been anything
    draws[:1990, 1] = 0.7  # few enough for the tails to hold them
    draws[:1000, 2], draws[1000:, 2] = 0.2, 0.4
    low, high = made.interval(draws)
    assert np.isnan([low[0], high[0]]).all()
    assert (low[1], high[1]) == (0.7, 0.7)
    assert (low[2], high[2]) == (0.2, 0.4)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=1, max_size=40))
def test_an_interval_lies_between_the_worst_and_the_best_image(rows):
    right = np.array([one for one, _ in rows], dtype=float)
    images = np.array([str(image) for _, image in rows])
    low, high = accuracy_interval(right, images, StatisticsSettings(resamples=100))
    means = [right[images == image].mean() for image in np.unique(images)]
    assert min(means) - 1e-9 <= low <= high <= max(means) + 1e-9


def test_very_many_images_are_resampled_in_groups_and_spread_as_images_do(monkeypatch):
    generator = np.random.default_rng(5)
    images = np.repeat(np.arange(3000), 2).astype(str)
    right = np.repeat(generator.random(3000) < 0.3, 2).astype(float)
    settings = StatisticsSettings(resamples=4000)
    whole = accuracy_interval(right, images, settings)
    monkeypatch.setattr("speceyes.analysis.bootstrap.GROUPS", 500)
    grouped = accuracy_interval(right, images, settings)
    assert grouped == pytest.approx(whole, abs=0.003)
    assert grouped != whole
