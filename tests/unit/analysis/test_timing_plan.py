"""The number of images to time, planned from a pilot, and the interval over them: held against a simulation."""

import numpy as np
import pytest
from speceyes.analysis.bootstrap import ImageBootstrap
from speceyes.analysis.settings import StatisticsSettings
from speceyes.analysis.timing_plan import FEWEST, Spread, images_needed, pooled, relative_width, spread

LEVEL = 0.95
TRIES = 300
SETTINGS = StatisticsSettings(resamples=400, level=LEVEL)


def some_images(count, accepted, rows, generator):
    """Seconds per image under the agent and under a funnel that keeps a share of draft answers; rows share an image."""
    image = generator.lognormal(0, 0.3, (count, 1))
    agent = generator.lognormal(2.2, 0.4, (count, rows)) * image
    kept = generator.random((count, rows)) < accepted
    return agent.sum(axis=1), (0.9 + np.where(kept, 0, agent)).sum(axis=1)


def limits(agent, method, settings):
    clock = ImageBootstrap(np.arange(len(agent)).astype(str), settings)
    low, high = clock.interval(clock.ratios(agent, method))
    return float(low), float(high)


@pytest.mark.parametrize(("accepted", "rows"), [(0.3, 1), (0.5, 4), (0.7, 6)])
def test_a_planned_interval_is_as_narrow_as_planned_and_covers(accepted, rows):
    generator = np.random.default_rng(7)
    width, pilot = 0.3, 8
    everyone = some_images(200_000, accepted, rows, generator)
    truth = everyone[0].sum() / everyone[1].sum()
    widths, covered = [], []
    for number in range(TRIES):
        known = spread(*some_images(pilot, accepted, rows, generator))
        agent, method = some_images(images_needed(known, width, LEVEL), accepted, rows, generator)
        low, high = limits(agent, method, SETTINGS.model_copy(update={"seed": number}))
        widths.append((high - low) / (agent.sum() / method.sum()))
        covered.append(low <= truth <= high)
    assert np.mean(np.array(widths) <= width) > 0.7
    assert np.mean(widths) > width / 4  # a plan that times everything is none
    assert np.mean(covered) > LEVEL - 0.04


def test_the_width_to_expect_is_that_of_the_interval():
    generator = np.random.default_rng(8)
    known = spread(*some_images(50_000, 0.5, 1, generator))
    agent, method = some_images(1000, 0.5, 1, generator)
    low, high = limits(agent, method, StatisticsSettings(resamples=4000))
    assert relative_width(known, 1000, LEVEL) == pytest.approx((high - low) / (agent.sum() / method.sum()), rel=0.1)


def test_half_the_width_takes_four_times_the_images():
    known = Spread(4.0, 1000)
    wide, narrow = (images_needed(known, width, LEVEL) for width in (0.4, 0.2))
    assert narrow == pytest.approx(4 * wide, abs=4)


def test_a_pilot_of_few_images_plans_for_more():
    few, many = (images_needed(Spread(1.0, freedom), 0.2, LEVEL) for freedom in (3, 300))
    assert few > 2 * many


def test_images_that_do_not_differ_still_take_some():
    assert images_needed(spread(np.full(5, 8.0), np.full(5, 2.0)), 0.2, LEVEL) == FEWEST


def test_splits_are_pooled_by_what_they_know():
    assert pooled([Spread(1.0, 1), Spread(4.0, 3), Spread(float("nan"), 0)]) == Spread(3.25, 4)


def test_one_image_tells_nothing():
    alone = spread(np.array([9.0]), np.array([3.0]))
    assert images_needed(pooled([alone, alone]), 0.2, LEVEL) is None
