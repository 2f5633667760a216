import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from speceyes.tables.pareto import pareto


def table(points):
    return pareto(
        pd.DataFrame(
            {
                "agent": "deepeyes",
                "benchmark": "vstar",
                "split": "x",
                "method": "speceyes",
                "metric": "min",
                "top_k": pd.array(range(2, 2 + len(points)), dtype="Int64"),
                "threshold": 0.98,
                "batch_size": pd.array([6] * len(points), dtype="Int64"),
                "speedup": [fast for fast, _ in points],
                "accuracy_published": [right for _, right in points],
                "accuracy_corrected": [right for _, right in points],
            }
        )
    )


def test_dominated_settings_name_the_best_that_dominates_them():
    found = table([(1.0, 0.9), (2.0, 0.8), (1.5, 0.7), (1.0, 0.8)])["dominated_by_corrected"]
    assert found.tolist() == ["", "", "speceyes-min-k3-t0.98-b6", "speceyes-min-k2-t0.98-b6"]


def test_equal_settings_do_not_dominate_each_other():
    assert table([(1.0, 0.5), (1.0, 0.5)])["dominated_by_corrected"].tolist() == ["", ""]


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), min_size=1, max_size=25))
def test_the_front_is_what_no_setting_beats(points):
    found = table([(float(fast), right / 5) for fast, right in points])
    for (fast, right), name in zip(points, found["dominated_by_corrected"], strict=True):
        beaten = any(f >= fast and r >= right and (f, r) != (fast, right) for f, r in points)
        assert beaten == bool(name)
        if name:
            best = found.set_index("setting").loc[name]
            assert best["dominated_by_corrected"] == ""


def test_a_setting_without_an_accuracy_is_not_on_the_front():
    assert table([(3.0, float("nan")), (3.0, 0.5)])["dominated_by_corrected"].tolist() == [
        "speceyes-min-k3-t0.98-b6",
        "",
    ]
