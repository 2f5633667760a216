"""The table of throughput under load."""

from __future__ import annotations

import pandas as pd
import pytest
from speceyes.tables.throughput import throughput

LEVEL = 0.95

LOAD = {
    "status": "ok", "agent": "thyme", "arrivals": "closed", "level": 2.0, "tool_free": False, "accepted": False,
    "source": "agent", "answer": "red", "cpu_share": 0.5, "gpu_share": float("nan"), "agent_share": 0.9,
    "draft_share": 0.1,
}  # fmt: skip


def rows(system: str, repeat: int, last_s: float, **columns: list[object]) -> pd.DataFrame:
    asked = {"sample_id": ["a", "b", "c", "d"], "latency_s": [1.0, 2.0, 3.0, 4.0]}
    asked["answer_s"] = [last_s / 4, last_s / 2, last_s, last_s / 3]
    return pd.DataFrame(asked | columns).assign(
        system=system, repeat=repeat, **{k: v for k, v in LOAD.items() if k not in columns}
    )


def stored(*given: tuple[str, str, str, str, float]) -> pd.DataFrame:
    names = ["source", "agent", "sample_id", "answer", "corrected_correct"]
    found = pd.DataFrame(given, columns=names)
    return found.assign(batch_size=6, published_correct=found["corrected_correct"])


ANSWERS = stored(
    ("agent", "thyme", "a", "red", 1), ("agent", "thyme", "b", "red", 0), ("agent", "thyme", "c", "red", 1),
    ("agent", "thyme", "d", "blue", 1), ("agent", "deepeyes", "d", "red", 1), ("draft", "", "a", "yellow", 0),
)  # fmt: skip
DRAFTED = {"source": ["draft", "agent", "agent", "agent"], "answer": ["yellow", "red", "red", "red"]}
DRAFTED |= {"tool_free": [True, True, False, False], "accepted": [True, False, False, False]}


@pytest.fixture
def table() -> pd.DataFrame:
    runs = [
        rows("agent", 0, 4.0),
        rows("agent", 1, 8.0),
        rows("funnel", 0, 2.0, **DRAFTED),
        rows("funnel", 1, 2.0, **DRAFTED),
    ]
    return throughput(pd.concat(runs), ANSWERS, LEVEL).set_index("system")


def test_answers_per_second_are_of_all_runs_together(table):
    assert table.loc["agent", ["answers_per_s", "runs"]].tolist() == [8 / 12, 2]
    assert table.loc["funnel", "gain"] == pytest.approx(2.0 / (8 / 12))
    assert table.loc["agent", "gain"] == 1


def test_rates_and_gain_have_intervals_where_a_run_is_longer_than_what_is_under_way(table):
    limits = ["answers_per_s_low", "answers_per_s_high", "gain_low", "gain_high"]
    assert table.loc["funnel", limits].isna().all()
    short = {"latency_s": [0.4] * 4}
    longer = throughput(pd.concat([rows("agent", 0, 4.0, **short), rows("funnel", 0, 2.0, **short)]), ANSWERS, LEVEL)
    funnel = longer.set_index("system").loc["funnel"]
    assert funnel["answers_per_s_low"] < funnel["answers_per_s"] == 2 < funnel["answers_per_s_high"]


def test_the_bound_is_that_of_the_questions_asked(table):
    funnel = table.loc["funnel"]
    assert (funnel["beta"], funnel["alpha"], funnel["accepted"]) == (0.5, 0.5, 0.25)
    assert funnel["bound"] == pytest.approx(1 / (1 - 0.5 * 0.5))
    assert table.loc["agent", ["beta", "alpha", "accepted", "bound"]].isna().all()


def test_answers_are_compared_with_those_of_the_same_source(table):
    assert table["same_answers"].to_dict() == {"agent": 6, "funnel": 6}  # d's is the other agent's alone
    assert table.loc["agent", "accuracy_corrected"] == pytest.approx(2 / 3)
    assert table.loc["funnel", "accuracy_corrected"] == pytest.approx(1 / 3)


def test_waiting_is_over_all_runs(table):
    assert table.loc["agent", "p50_s"] == 2.5
    assert table.loc["agent", "p95_s"] > table.loc["agent", "p50_s"]


def test_a_funnel_that_spares_every_question_is_not_bounded():
    accepted = {"source": ["draft"] * 4, "accepted": [True] * 4, "tool_free": [True] * 4}
    table = throughput(pd.concat([rows("agent", 0, 1.0), rows("funnel", 0, 1.0, **accepted)]), ANSWERS, LEVEL)
    assert table.set_index("system").loc["funnel", "bound"] == float("inf")
