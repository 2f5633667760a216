import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from speceyes.analysis.settings import StatisticsSettings
from speceyes.tables.confidence_quality import confidence_quality, ece

FEW = StatisticsSettings(resamples=200)


def test_calibration_error_by_hand():
    # One bin at .95 with accuracy 1/2, one at .55 with accuracy 1: (2·.45 + 1·.45) / 3.
    assert ece(np.array([True, False, True]), np.array([0.95, 0.95, 0.55])) == pytest.approx(0.45)


def test_a_confidence_of_one_is_in_the_last_bin():
    assert ece(np.array([True]), np.array([1.0])) == pytest.approx(0)


def outcome_rows(right, confidence, tool_free=True):
    count = len(right)
    return pd.DataFrame(
        {
            "agent": "deepeyes",
            "benchmark": "vstar",
            "split": "x",
            "sample_id": [str(row) for row in range(count)],
            "image_id": [str(row) for row in range(count)],
            "tool_free": tool_free,
            "draft_published": right,
            "draft_corrected": right,
            "min_k16": confidence,
        }
    )


@pytest.mark.parametrize("right", [[1.0] * 5, [0.0] * 5, [1.0]])
def test_one_class_has_no_auroc_but_has_a_risk(right):
    table = confidence_quality(outcome_rows(right, np.linspace(0.1, 0.9, len(right))), [("min", 16)], FEW)
    assert table["auroc"].isna().all()
    assert table["aurc"].iloc[0] == pytest.approx(1 - right[0])


def test_nothing_screened_leaves_an_empty_population():
    table = confidence_quality(outcome_rows([1.0, 0.0], [0.9, 0.1], tool_free=False), [("min", 16)], FEW)
    assert table.set_index(["agent", "scorer"]).loc[("deepeyes", "corrected"), "n"] == 0
    assert table.set_index(["agent", "scorer"]).loc[("", "corrected"), "auroc"] == 1.0


def test_unscored_answers_are_left_out():
    table = confidence_quality(outcome_rows([1.0, np.nan, 0.0], [0.9, 0.5, 0.1]), [("min", 16)], FEW)
    assert set(table["n"]) == {2}


def test_a_metric_is_compared_with_min_on_the_same_answers():
    generator = np.random.default_rng(0)
    right = (generator.random(120) < 0.6).astype(float)
    telling = norm.cdf(right + generator.normal(0, 0.5, 120))
    rows = outcome_rows(right, telling).assign(log_k16=generator.random(120))
    table = confidence_quality(rows, [("log", 16), ("min", 16)], FEW).set_index(["agent", "scorer", "metric"])
    own, reference = table.loc[("", "corrected", "log")], table.loc[("", "corrected", "min")]
    assert own["compared_with"] == "min"
    assert own["auroc_difference"] == pytest.approx(own["auroc"] - reference["auroc"])
    assert own["auroc_difference_high"] < 0 < own["aurc_difference_low"]
    assert reference["auroc_p"] == 1
