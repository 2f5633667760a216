"""Scores by category, held against counts made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from speceyes.analysis.settings import StatisticsSettings
from speceyes.tables.category_scores import category_scores

SPLIT = {"benchmark": "pope", "split": "random"}


def answer(number, right, source="draft", status="rule", **more):
    """One answer to question ``number``; a status of ``error`` is an answer that never came."""
    batch = 6 if source == "draft" else 0
    row = {"sample_id": f"q{number}", "image_id": f"i{number}", "source": source, "batch_size": batch}
    row |= {"agent": "" if source == "draft" else "deepeyes", "errored": status == "error"}
    row |= {f"{scorer}_correct": float(right) for scorer in ("published", "corrected")}
    row |= {f"{scorer}_decided_by": status for scorer in ("published", "corrected")}
    return SPLIT | row | more


def scores(answers, gold, category="", accepted=()):
    """The scores of the draft, the agent and the funnel that keeps the draft's answers to ``accepted``."""
    point = {"agent": "deepeyes", "main_table": True, "method": "speceyes", "metric": "min", "top_k": 64}
    settings = pd.DataFrame([SPLIT | point | {"threshold": 0.5, "batch_size": 6}])
    numbers = range(len(gold))
    asked = pd.DataFrame({"category": category, "gold": gold}, index=pd.Index([f"q{n}" for n in numbers]))
    outcomes = pd.DataFrame(
        [
            SPLIT | {"agent": "deepeyes", "sample_id": f"q{n}", "tool_free": True, "min_k64": float(n in accepted)}
            for n in numbers
        ]
    )
    table = category_scores(settings, pd.DataFrame(answers), outcomes, asked, StatisticsSettings())
    return table.set_index(["system", "category"])


def test_precision_recall_f1_and_the_share_of_yes_by_hand():
    gold = ["yes", "yes", "yes", "no", "no"]
    right = [True, True, False, False, True]  # said: yes yes no yes no
    both = [answer(n, r, source) for source in ("draft", "agent") for n, r in enumerate(right)]
    row = scores(both, gold).loc[("draft", "")]
    assert (row["precision"], row["recall"], row["f1"]) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert row["yes_share"] == pytest.approx(0.6)
    assert row["accuracy_corrected"] == pytest.approx(0.6)
    for name in ("precision", "recall", "f1", "yes_share", "accuracy_corrected"):
        assert 0 < row[f"{name}_low"] < row[name] < row[f"{name}_high"] < 1


def test_an_error_says_neither_yes_nor_no():
    gold = ["yes", "no", "yes", "no"]
    rows = [answer(0, False, status="error"), answer(1, False, status="error"), answer(2, True), answer(3, True)]
    row = scores(rows + [answer(n, True, "agent") for n in range(4)], gold).loc[("draft", "")]
    assert (row["precision"], row["recall"], row["yes_share"]) == pytest.approx((1.0, 0.5, 0.25))
    assert (row["accuracy_published"], row["accuracy_corrected"]) == pytest.approx((1.0, 0.5))


def test_whoever_never_says_yes_has_no_precision():
    rows = [answer(n, right, source) for source in ("draft", "agent") for n, right in enumerate([False, True])]
    row = scores(rows, ["yes", "no"]).loc[("draft", "")]
    assert np.isnan(row["precision"])
    assert (row["recall"], row["f1"], row["yes_share"]) == (0.0, 0.0, 0.0)


def test_all_right_leaves_room_below_one():
    rows = [answer(n, True, source) for source in ("draft", "agent") for n in range(20)]
    row = scores(rows, ["yes", "no"] * 10).loc[("draft", "")]
    for name in ("precision", "recall", "f1", "accuracy_corrected"):
        assert row[name] == 1.0
        assert 0.6 < row[f"{name}_low"] < 0.95


def test_the_funnel_gives_the_drafts_answer_where_its_gate_accepts():
    rows = [answer(0, False), answer(1, False), answer(2, True)] + [answer(n, n < 2, "agent") for n in range(3)]
    table = scores(rows, ["yes", "yes", "yes"], accepted={1, 2})
    assert table.loc[("speceyes", ""), "accuracy_corrected"] == pytest.approx(2 / 3)
    assert table.loc[("agent", ""), "accuracy_corrected"] == pytest.approx(2 / 3)
    assert table.loc[("draft", ""), "accuracy_corrected"] == pytest.approx(1 / 3)


def test_every_category_has_its_row_and_choices_have_no_yes():
    rows = [answer(n, n % 2 == 0, source) for source in ("draft", "agent") for n in range(4)]
    table = scores(rows, [""] * 4, category=["single", "cross", "single", "cross"])
    assert table.loc[("draft", "single"), "accuracy_corrected"] == 1.0
    assert table.loc[("draft", "cross"), "accuracy_corrected"] == 0.0
    assert table["n"].eq(2).all()
    assert table[["precision", "recall", "f1", "yes_share"]].isna().all(axis=None)


def test_an_answer_that_the_judge_could_not_decide_is_not_scored():
    rows = [answer(0, True), answer(1, False, status="unparsed")] + [answer(n, True, "agent") for n in range(2)]
    row = scores(rows, ["yes", "yes"]).loc[("draft", "")]
    assert (row["n"], row["accuracy_corrected"], row["recall"]) == (2, 1.0, 1.0)
