import re

import numpy as np
import pytest
from pydantic import TypeAdapter
from speceyes.analysis.settings import StatisticsSettings
from speceyes.study.config import Threshold
from speceyes.tables.recommended_threshold import (
    THRESHOLDS,
    GateOutcomes,
    betting_p_values,
    choose_threshold,
    images_needed,
    recommended_thresholds,
    sentence,
)

EPSILON, DELTA = 0.1, 0.2


def gate(generator, images, per_image=1):
    """A world whose risk is known: the draft is right as often as its confidence says, the agent in 9 of 10."""
    count = images * per_image
    confidence = generator.beta(6, 1, size=count)
    zeros = np.zeros(count)
    return GateOutcomes(
        image_ids=np.repeat(np.arange(images), per_image).astype(str).astype(object),
        confidence=confidence,
        draft_right=(generator.random(count) < confidence).astype(float),
        agent_right=(generator.random(count) < 0.9).astype(float),
        screen_s=zeros + 0.1,
        draft_s=zeros + 0.1,
        agent_s=zeros + 1.0,
    )


def true_losses():
    """Expected accuracy lost at every threshold: the integral of (.9 - confidence) over what is accepted."""
    many = np.random.default_rng(99).beta(6, 1, size=2_000_000)
    many.sort()
    lost = np.concatenate([np.cumsum((0.9 - many)[::-1])[::-1], [0.0]]) / len(many)
    return lost[np.searchsorted(many, THRESHOLDS, side="right")]


def test_the_guarantee_holds_over_a_thousand_calibration_sets():
    """Violations at most δ, within three standard errors; and the choice is not always the safest."""
    # A loss bound low enough that many thresholds break it.
    epsilon = 0.03
    losses = dict(zip(THRESHOLDS.tolist(), true_losses().tolist(), strict=True))
    assert max(losses.values()) > epsilon
    generator = np.random.default_rng(7)
    chosen = [choose_threshold(gate(generator, 150), epsilon, DELTA, generator) for _ in range(1000)]
    broken = sum(threshold is not None and losses[threshold] > epsilon for threshold in chosen)
    assert broken <= 1000 * DELTA + 3 * np.sqrt(1000 * DELTA * (1 - DELTA))
    assert sum(threshold is not None and threshold < 0.99 for threshold in chosen) > 100


def test_a_true_hypothesis_is_rejected_at_most_with_its_p():
    """Losses with mean exactly ε, all or nothing: the worst case for a test of the mean."""
    generator = np.random.default_rng(1)
    lost = (generator.random((80, 4000)) < EPSILON).astype(float)
    p = betting_p_values(lost - EPSILON, EPSILON)
    for level in (0.05, 0.2):
        assert (p <= level).mean() <= level + 3 * np.sqrt(level / 4000)


def test_power_grows_with_the_images():
    generator = np.random.default_rng(2)
    few, many = (betting_p_values(np.zeros((n, 1)) - EPSILON, EPSILON)[0] for n in (10, 60))
    assert many < few < 1
    losing = betting_p_values((generator.random((60, 1)) < 0.5) - EPSILON, EPSILON)[0]
    assert losing > 0.5


@pytest.mark.parametrize("epsilon", [0.02, 0.05, 0.2])
@pytest.mark.parametrize("delta", [0.05, 0.2])
def test_the_images_needed_are_the_fewest_that_certify_a_loss_of_nothing(epsilon, delta):
    needed = images_needed(StatisticsSettings(epsilon=epsilon, delta=delta))
    enough = betting_p_values(np.full((needed, 1), -epsilon), epsilon)[0]
    lacking = betting_p_values(np.full((needed - 1, 1), -epsilon), epsilon)[0]
    assert enough <= delta < lacking


def test_rows_about_one_image_are_one_piece_of_evidence():
    """Forty copies of three images certify no more than the three images do."""
    generator = np.random.default_rng(3)
    assert choose_threshold(gate(generator, 3, per_image=40), EPSILON, DELTA, generator) is None


def test_no_images_no_threshold():
    generator = np.random.default_rng(4)
    assert choose_threshold(gate(generator, 0), EPSILON, DELTA, generator) is None


def outcomes(images, right=1.0):
    import pandas as pd

    rows = {
        "agent": "deepeyes",
        "benchmark": "vstar",
        "split": "x",
        "image_id": np.arange(images).astype(str),
        "tool_free": True,
        "draft_corrected": right,
        "agent_corrected": 1.0,
        "screen_s": 0.1,
        "draft_s": 0.1,
        "agent_s": 1.0,
        "min_k64": np.linspace(0.9, 0.999, images),
    }
    points = pd.DataFrame([{"agent": "deepeyes", "benchmark": "vstar", "metric": "min", "threshold": 0.98}])
    return pd.DataFrame(rows), points


def test_a_draft_that_never_loses_is_accepted_everywhere():
    table = recommended_thresholds(*outcomes(400), 64, StatisticsSettings())
    row = table.iloc[0]
    assert row["threshold_accepted"] == 1.0
    assert row["threshold_speedup"] == pytest.approx(5.0)
    assert row["paper_accepted"] < 1.0
    assert row["n"] + row["calibration_n"] == 400
    assert row["sentence"].startswith(
        f"Use τ = {row['threshold']} on the min confidence: with probability at least 90%"
    )


def test_every_threshold_is_printed_as_it_was_certified_and_the_configuration_takes_it():
    """The safest is nearly 1 and must not be rounded to it, and none may be printed lower than it is."""
    for threshold in THRESHOLDS.tolist():
        printed = sentence(certified(threshold)).split("τ = ")[1].split(" ")[0]
        assert float(printed) == threshold
        assert TypeAdapter(Threshold).validate_python(float(printed)) == threshold
        assert re.fullmatch(r"0\.\d+", printed)


def certified(threshold):
    numbers = dict.fromkeys(("threshold_difference", "threshold_difference_low", "threshold_difference_high"), 0.0)
    row = {"threshold": threshold, "metric": "min", "epsilon": 0.05, "delta": 0.1, "calibration_images": 50, "n": 50}
    return row | numbers | {"threshold_speedup": 2.0, "images_needed": 30}


def test_a_draft_that_always_loses_is_accepted_hardly_anywhere():
    table = recommended_thresholds(*outcomes(400, right=0.0), 64, StatisticsSettings())
    row = table.iloc[0]
    assert -0.05 <= row["threshold_difference"] == -row["threshold_accepted"]
    assert row["paper_difference"] < -0.1


def test_too_few_images_are_said_to_be_too_few():
    table = recommended_thresholds(*outcomes(30), 64, StatisticsSettings())
    row = table.iloc[0]
    assert np.isnan(row["threshold"])
    assert f"15 calibration images are fewer than the {row['images_needed']}" in row["sentence"]


def test_the_split_is_seeded_and_by_image():
    first, again = (recommended_thresholds(*outcomes(200), 64, StatisticsSettings()) for _ in range(2))
    assert first.equals(again)


def test_the_threshold_is_the_same_however_many_images_are_in_memory(monkeypatch):
    generator = np.random.default_rng(3)
    count = 400
    rights = [(generator.random(count) < share).astype(float) for share in (0.8, 0.82)]
    images = generator.permutation([f"{number // 3}" for number in range(count)]).astype(object)
    gate = GateOutcomes(images, generator.beta(8, 0.3, count), *rights, *(np.ones(count),) * 3)
    chosen = [choose_threshold(gate, 0.1, 0.1, np.random.default_rng(1))]
    for at_once in (1, 7, 100):
        monkeypatch.setattr("speceyes.tables.recommended_threshold.IMAGES_AT_ONCE", at_once)
        chosen.append(choose_threshold(gate, 0.1, 0.1, np.random.default_rng(1)))
    assert chosen[0] is not None
    assert set(chosen) == {chosen[0]}
