"""Thresholds, operating points and metrics: which are taken, and which stand where none is given."""

from __future__ import annotations

import pytest
from configurations import complaint, put
from speceyes.study.config import load_config
from speceyes.study.jobs import Jobs
from speceyes.study.plan import Plan
from speceyes.study.study import Study

OWN = "speceyes.method.token_metrics:margin"


@pytest.mark.parametrize("value", [0.00001, 1e-300, 5e-324, 0.1, 0.123456789012345, 0.9999999999999999])
def test_every_threshold_between_0_and_1_is_taken(raw, value):
    raw["grid"]["thresholds"]["pope"] = [value]
    assert load_config(put(raw, "operating_points.thyme.pope.min", value)).grid.thresholds["pope"] == (value,)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        *((value, "must lie strictly between 0 and 1") for value in (0, 1, -0.5, 98)),
        (float("nan"), "Input should be a finite number, got nan"),
    ],
)
def test_thresholds_lie_strictly_between_0_and_1(raw, value, problem):
    assert f"grid.thresholds.pope.0: {problem}" in complaint(put(raw, "grid.thresholds.pope", [value]))
    raw["grid"]["thresholds"]["pope"] = [0.5]
    raw["default_operating_points"] = {"log": value}
    assert f"default_operating_points.log: {problem}" in complaint(raw)
    del raw["default_operating_points"]
    assert f"operating_points.thyme.pope.min: {problem}" in complaint(
        put(raw, "operating_points.thyme.pope.min", value)
    )


def test_thresholds_that_are_not_given_are_the_default_ones(raw):
    del raw["operating_points"]["thyme"]
    raw["operating_points"]["deepeyes"] = {"pope": {"min": 0.6}}
    raw["grid"]["thresholds"] = {"pope": [0.5]}
    study = Study(load_config(raw))
    assert study.points("thyme", "vstar") == dict.fromkeys(("log", "mean", "bottom20", "min"), 0.98)
    assert study.points("deepeyes", "pope") == {"log": 0.98, "mean": 0.98, "bottom20": 0.98, "min": 0.6}
    assert study.grid("thyme", "pope").thresholds == (0.5,)
    assert study.grid("thyme", "vstar").thresholds == (0.995, 0.99, 0.98, 0.97, 0.96, 0.95, 0.94)
    raw["default_operating_points"] = {"min": 0.8}
    raw["grid"]["default_thresholds"] = [0.7]
    study = Study(load_config(raw))
    assert study.points("thyme", "vstar") == {"log": 0.98, "mean": 0.98, "bottom20": 0.98, "min": 0.8}
    assert study.points("deepeyes", "pope")["min"] == 0.6
    assert study.grid("thyme", "vstar").thresholds == (0.7,)


@pytest.mark.parametrize("metrics", [["log", "min"], ["mean"], ["bottom20", "log", "mean"]])
def test_a_subset_of_the_metrics_is_a_study_whose_others_do_not_run_live(raw, metrics):
    config = load_config(put(raw, "grid.metrics", metrics))
    assert set(config.live.metrics) == set(metrics)


@pytest.mark.parametrize("metrics", [("min",), ("log", "min"), ("bottom20",), ("mean", "log")])
def test_operating_points_of_metrics_that_are_not_evaluated_may_be_left(raw, metrics):
    raw["live"]["metrics"] = metrics
    study = Study(load_config(put(raw, "grid.metrics", metrics)))
    assert set(study.grid("thyme", "pope").operating_points) == set(metrics)
    assert {point["metric"] for point in Jobs(study).table_settings()["points"]} == set(metrics)


def test_without_live_runs_their_batch_sizes_do_not_matter(raw):
    raw["live"] = {"metrics": [], "batch_sizes": [3]}
    assert not Plan(Study(load_config(raw))).select("live")


def test_a_metric_of_ones_own_stands_at_the_headlines_threshold_unless_it_has_one(raw):
    put(raw, "grid.metrics", ["log", "mean", "bottom20", "min", OWN])
    raw["operating_points"]["deepeyes"]["vstar"] |= {"min": 0.91, "log": 0.5}
    raw["operating_points"]["thyme"]["vstar"] |= {OWN: 0.7}
    study = Study(load_config(raw))
    assert study.points("deepeyes", "vstar")[OWN] == 0.91
    assert study.points("thyme", "vstar")[OWN] == 0.7
    put(raw, "grid.metrics", [OWN, "log"])
    assert Study(load_config(raw)).points("deepeyes", "vstar") == {OWN: 0.5, "log": 0.5}
