import numpy as np
import pandas as pd
import pytest
from speceyes.analysis.settings import StatisticsSettings
from speceyes.tables.deferral import SHARES, deferral_curves


def curves(draft, agent, confidence):
    rows = pd.DataFrame(
        {
            "agent": "deepeyes",
            "benchmark": "vstar",
            "split": "x",
            "image_id": [str(row) for row in range(len(draft))],
            "draft_published": draft,
            "agent_published": agent,
            "draft_corrected": draft,
            "agent_corrected": agent,
            "min_k16": confidence,
        }
    )
    table = deferral_curves(rows, ["min"], 16, StatisticsSettings(resamples=100))
    return table[table["scorer"] == "corrected"].pivot(index="deferred", columns="metric", values="accuracy")


DRAFT = np.array([1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
AGENT = np.array([1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0])


def test_ends_are_the_draft_alone_and_the_agent_alone():
    table = curves(DRAFT, AGENT, np.linspace(0, 1, 10))
    assert table.iloc[0].to_numpy() == pytest.approx(DRAFT.mean())
    assert table.iloc[-1].to_numpy() == pytest.approx(AGENT.mean())


def test_a_tenth_deferred_is_the_least_confident_sample():
    confidence = np.array([0.9, 0.8, 0.1, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.95])
    table = curves(DRAFT, AGENT, confidence)
    assert table["min"].loc[SHARES[5]] == pytest.approx(DRAFT.mean() + 0.1)  # the agent wins the third sample


def test_the_oracle_is_nowhere_below_and_random_is_straight():
    for seed in range(20):
        table = curves(DRAFT, AGENT, np.random.default_rng(seed).random(10))
        assert (table["oracle"] >= table["min"] - 1e-12).all()
    assert np.diff(table["random"], 2) == pytest.approx(0)


def test_any_confidence_is_on_average_the_random_line():
    mean = np.mean([curves(DRAFT, AGENT, np.random.default_rng(s).random(10))["min"] for s in range(100)], axis=0)
    straight = DRAFT.mean() + SHARES * (AGENT.mean() - DRAFT.mean())
    assert mean == pytest.approx(straight, abs=0.05)


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_tied_confidences_defer_in_no_order(levels):
    """The order of the rows says nothing, so no order of them may move the curve."""
    confidence = np.arange(10) % levels / levels
    turned = np.random.default_rng(levels).permutation(10)
    table, again = curves(DRAFT, AGENT, confidence), curves(DRAFT[turned], AGENT[turned], confidence[turned])
    assert table["min"].to_numpy() == pytest.approx(again["min"].to_numpy())


def test_a_confidence_that_is_always_the_same_is_the_random_line():
    table = curves(DRAFT, AGENT, np.full(10, 0.97))
    assert table["min"].to_numpy() == pytest.approx(table["random"].to_numpy())


def test_the_curve_of_one_sample_has_two_points():
    table = curves(np.array([1.0]), np.array([0.0]), np.array([0.5]))
    assert table["min"].iloc[[0, -1]].tolist() == [1.0, 0.0]


def test_nothing_scored_is_an_empty_table():
    columns = ["agent", "benchmark", "split", "image_id", "min_k16"]
    columns += [f"{who}_{scorer}" for who in ("draft", "agent") for scorer in ("published", "corrected")]
    rows = pd.DataFrame([["deepeyes", "vstar", "x", "0", 0.5, *[np.nan] * 4]], columns=columns)
    assert deferral_curves(rows, ["min"], 16, StatisticsSettings(resamples=100)).empty
