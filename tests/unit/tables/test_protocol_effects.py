"""What the protocols differ by, on answers counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from speceyes.tables.protocol_effects import COLUMNS, protocol_effects

RIGHT, WRONG, ERROR = (1.0, False), (0.0, False), (0.0, True)


def answers(source: str, outcomes: dict[str, tuple[float, bool]], seconds: float = 1.0) -> pd.DataFrame:
    rows = [
        {
            "source": source, "agent": "sage", "benchmark": "vstar", "split": "x", "sample_id": name,
            "errored": errored,
            "status": "error" if errored else "ok", "answer": "" if errored else f"{correct}", "latency_s": seconds,
            "published_correct": correct, "published_decided_by": "rule",
            "corrected_correct": correct, "corrected_decided_by": "rule",
        }
        for name, (correct, errored) in outcomes.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_errors_leave_the_published_denominator_and_count_as_wrong_in_the_corrected_one():
    published = answers("agent", {"a": RIGHT, "b": WRONG, "c": ERROR, "d": ERROR})
    corrected = answers("agent-corrected", {"a": RIGHT, "b": WRONG, "c": RIGHT, "d": WRONG}, seconds=3.0)
    [row] = protocol_effects(pd.concat([published, corrected])).to_dict("records")
    assert (row["system"], row["n"], row["same"]) == ("agent", 4, 2)
    assert (row["errored_published"], row["errored_corrected"]) == (2, 0)
    assert (row["published_published"], row["published_corrected"], row["published_difference"]) == (0.5, 0.5, 0.0)
    assert (row["corrected_published"], row["corrected_corrected"]) == (0.25, 0.5)
    assert row["corrected_difference"] == pytest.approx(25.0)
    assert row["latency_ratio"] == pytest.approx(3.0)


def test_only_samples_under_both_protocols_are_compared():
    published = answers("specreason", {"a": WRONG, "b": RIGHT, "c": RIGHT})
    corrected = answers("specreason-corrected", {"a": RIGHT, "z": WRONG})
    [row] = protocol_effects(pd.concat([published, corrected])).to_dict("records")
    assert (row["system"], row["n"], row["same"], row["published_difference"]) == ("specreason", 1, 0, 100.0)


def test_one_protocol_alone_has_no_row():
    table = protocol_effects(answers("agent", {"a": RIGHT}))
    assert table.empty
    assert list(table.columns) == COLUMNS
