"""Learned gates: what they see, what they are reported on, and whether their thresholds keep their promise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from speceyes.analysis.calibration import CHOOSE, FIT, REPORT, image_parts
from speceyes.analysis.learned_gates import LEARNED, with_learned_gates
from speceyes.analysis.settings import StatisticsSettings
from speceyes.tables.confidence_quality import confidence_quality
from speceyes.tables.learned_gates import learned_gates
from speceyes.tables.recommended_threshold import GateOutcomes, choose_threshold, recommended_thresholds

SETTINGS = StatisticsSettings(epsilon=0.05, delta=0.1)
COLUMNS = [f"{name}_k64" for name in LEARNED]
METRICS = ("min", "log")


def outcomes(images, seed=0, per_image=2, splits=("random",), agents=("deepeyes", "thyme")):
    """Draft answers that either metric knows half of; every split asks about the same images."""
    draw = np.random.default_rng(seed)
    parts = []
    for split in splits:
        rows = images * per_image
        one, other = draw.normal(0, 1.5, (2, rows))
        right = (draw.random(rows) < expit(1.5 + one + other)).astype(float)
        names = [f"i{row // per_image}" for row in range(rows)]
        frame = {"benchmark": "pope", "split": split, "image_id": names, "tool_free": True}
        frame |= {"sample_id": [f"{split}{row}" for row in range(rows)]}
        frame |= {"screen_s": 0.1, "draft_s": 0.1, "agent_s": 1.0, "tool_calls": 1}
        frame |= {"min_k64": expit(one), "log_k64": expit(other)}
        frame |= {f"draft_{scorer}": right for scorer in ("published", "corrected")}
        for agent in agents:
            own = (draw.random(rows) < 0.85).astype(float)
            scored = {f"agent_{scorer}": own for scorer in ("published", "corrected")}
            parts.append(pd.DataFrame(frame | scored | {"agent": agent}))
    return pd.concat(parts, ignore_index=True)


def part_of(frame):
    return frame["image_id"].map(image_parts(frame, SETTINGS)).to_numpy()


def test_images_are_parted_once_for_all_splits_that_show_them():
    frame = outcomes(40, splits=("random", "popular"))
    parts = image_parts(frame, SETTINGS)
    assert dict(parts.value_counts()) == {FIT: 10, CHOOSE: 10, REPORT: 20}
    only_one = image_parts(frame[frame["split"] == "random"], SETTINGS)
    assert dict(only_one) == dict(parts)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_learned_gate_has_no_confidence_where_it_was_fitted_and_one_everywhere_else(column):
    frame = outcomes(60, splits=("random", "popular"))
    learned = with_learned_gates(frame, METRICS, 64, SETTINGS)
    assert list(learned.index) == list(frame.index)
    assert (learned[column].isna() == (part_of(frame) == FIT)).all()
    assert learned[column].dropna().between(0, 1).all()


@pytest.mark.parametrize("column", COLUMNS)
def test_a_learned_gate_never_sees_an_image_that_it_is_reported_on(column):
    """Other answers on every image that did not fit the gate leave its confidences as they were."""
    frame = outcomes(60, splits=("random", "popular"))
    apart = part_of(frame) != FIT
    changed = frame.assign(draft_corrected=np.where(apart, 1 - frame["draft_corrected"], frame["draft_corrected"]))
    changed["agent_corrected"] = 1 - frame["agent_corrected"]
    before, after = (with_learned_gates(one, METRICS, 64, SETTINGS)[column] for one in (frame, changed))
    pd.testing.assert_series_equal(before, after)
    seen = frame.assign(draft_corrected=np.where(apart, frame["draft_corrected"], 1 - frame["draft_corrected"]))
    assert (with_learned_gates(seen, METRICS, 64, SETTINGS)[column] - before).abs().max() > 0.1


def test_tables_report_learned_gates_on_images_that_neither_fitted_nor_chose():
    frame = with_learned_gates(outcomes(200), METRICS, 64, SETTINGS)
    reported, choosing = ((part_of(frame) == part) & (frame["agent"] == "thyme") for part in (REPORT, CHOOSE))
    points = pd.DataFrame([{"agent": "thyme", "benchmark": "pope", "metric": m, "threshold": np.nan} for m in LEARNED])
    advice = recommended_thresholds(frame, points, 64, SETTINGS)
    assert set(advice["n"]) == {reported.sum()}
    assert set(advice["calibration_n"]) == {choosing.sum()}
    assert advice["paper_accuracy"].isna().all()
    replayed = learned_gates(frame, {"pope": [0.5, 0.9]}, [*METRICS, *LEARNED], 64, SETTINGS)
    assert set(replayed["n"]) == {reported.sum()}
    assert set(replayed["metric"]) == {*METRICS, *LEARNED}
    assert replayed[["accuracy", "difference_low", "speedup"]].notna().all(axis=None)


def test_what_two_metrics_know_together_ranks_better_than_either():
    frame = with_learned_gates(outcomes(800, agents=("deepeyes",)), METRICS, 64, SETTINGS)
    apart = frame[frame[COLUMNS].notna().all(axis=1)]
    table = confidence_quality(apart, [("min", 64), *((name, 64) for name in LEARNED)], SETTINGS)
    shown = table[(table["agent"] == "") & (table["scorer"] == "corrected")].set_index("metric")
    for name in LEARNED:
        assert shown.loc[name, "auroc_difference_low"] > 0, name
        assert shown.loc[name, "ece"] < 0.1, name


@pytest.mark.parametrize("right", [0.0, 1.0])
def test_answers_that_are_all_alike_teach_one_confidence(right):
    learned = with_learned_gates(outcomes(40).assign(draft_corrected=right), METRICS, 64, SETTINGS)
    for column in COLUMNS:
        assert learned[column].dropna().nunique() == 1
        assert 0 < learned[column].dropna().iloc[0] < 1
        assert (learned[column].dropna() > 0.5).all() == (right == 1.0)


def test_one_image_teaches_nothing_and_is_no_error():
    learned = with_learned_gates(outcomes(1), METRICS, 64, SETTINGS)
    assert set(learned["logistic_k64"].dropna()) <= {0.5}


def test_the_guarantee_holds_over_many_studies():
    """Thresholds whose expected loss on new images is above ε are chosen at most with probability δ."""
    epsilon, delta, studies, images = 0.03, 0.2, 100, 1000
    settings = StatisticsSettings(epsilon=epsilon, delta=delta)
    unseen = outcomes(4000, seed=10_000, agents=("deepeyes",)).assign(image_id=lambda rows: "new" + rows["image_id"])
    broken, certified = dict.fromkeys(LEARNED, 0), dict.fromkeys(LEARNED, 0)
    orderings = {name: np.random.default_rng(3) for name in LEARNED}
    for study in range(studies):
        own = outcomes(images, seed=study, per_image=1, agents=("deepeyes",))
        fitted = _on_unseen(own, unseen, settings)
        learned, future = fitted[: len(own)], fitted[len(own) :]
        choosing = learned[learned["image_id"].map(image_parts(own, settings)) == CHOOSE]
        for name in LEARNED:
            threshold = choose_threshold(GateOutcomes.of(choosing, f"{name}_k64"), epsilon, delta, orderings[name])
            if threshold is not None:
                certified[name] += threshold < 0.95
                broken[name] += GateOutcomes.of(future, f"{name}_k64").lost(threshold).mean() > epsilon
    assert min(certified.values()) > studies / 10, certified
    assert max(broken.values()) <= studies * delta + 3 * np.sqrt(studies * delta * (1 - delta)), broken


def _on_unseen(own, unseen, settings):
    """Learned confidences of a study and of images to come, by gates that were fitted on the study's part alone."""
    alone = with_learned_gates(own, METRICS, 64, settings)
    parts = image_parts(own, settings)
    fitting = own[own["image_id"].map(parts) == FIT]
    values = unseen.copy()
    for name, fit in LEARNED.items():
        gate = fit(fitting[["min_k64", "log_k64"]].to_numpy(), fitting["draft_corrected"].to_numpy())
        values[f"{name}_k64"] = gate(values[["min_k64", "log_k64"]].to_numpy())
        again = gate(own[["min_k64", "log_k64"]].to_numpy())
        known = alone[f"{name}_k64"].notna()
        np.testing.assert_allclose(again[known], alone.loc[known, f"{name}_k64"])
    return pd.concat([alone, values], ignore_index=True)
