import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from speceyes.analysis.bootstrap import ImageBootstrap
from speceyes.analysis.settings import Settings
from speceyes.tables.confidence_quality import aurc, confidence_quality, ece, weighted_auroc

FEW = Settings(resamples=200)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 3)), min_size=2, max_size=30))
def test_the_weighted_auroc_is_scikit_learns(rows):
    right, confidence, weight = (np.array(column) for column in zip(*rows, strict=True))
    found = weighted_auroc(right, confidence / 5, weight[None, :].astype(float))[0]
    if weight[right].sum() == 0 or weight[~right].sum() == 0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(roc_auc_score(right, confidence / 5, sample_weight=weight))


def test_its_interval_agrees_with_resampling_rows_by_hand():
    generator = np.random.default_rng(0)
    images = np.repeat(np.arange(40), 3)
    right = generator.random(120) < 0.6
    confidence = right * 0.5 + generator.normal(0, 0.6, 120)
    made = ImageBootstrap(images.astype(str), Settings(resamples=4000))
    low, high = made.interval(weighted_auroc(right, confidence, made.row_weights()))
    by_hand = []
    for _ in range(800):
        drawn = np.concatenate([np.flatnonzero(images == image) for image in generator.integers(0, 40, 40)])
        by_hand.append(roc_auc_score(right[drawn], confidence[drawn]))
    assert (low, high) == pytest.approx(np.quantile(by_hand, [0.025, 0.975]), abs=0.025)


def test_risk_coverage_by_hand():
    # Surest first: right, wrong, right, wrong; selective risks 0, 1/2, 1/3, 1/2.
    right = np.array([True, False, True, False])
    assert aurc(right, np.array([0.9, 0.8, 0.7, 0.6])) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_a_confidence_that_knows_nothing_has_the_overall_error_as_its_area():
    assert aurc(np.array([True, False, False, True]), np.full(4, 0.5)) == pytest.approx(0.5)


def test_the_area_does_not_depend_on_the_order_of_ties():
    right = np.array([True, False, True, True, False])
    confidence = np.array([0.9, 0.9, 0.5, 0.5, 0.5])
    turned = np.array([1, 0, 4, 3, 2])
    assert aurc(right, confidence) == pytest.approx(aurc(right[turned], confidence[turned]))


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
