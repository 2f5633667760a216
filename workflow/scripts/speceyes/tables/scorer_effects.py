"""What each difference between the two scorers does to an accuracy, measured on this study's own answers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from speceyes.analysis.measures import facts
from speceyes.records.arrays import Mask
from speceyes.tables.inputs import TableInputs

READS = ("answers",)

POINTS = 100.0


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    return scorer_effects(inputs.parquet("answers"))


def scorer_effects(answers: pd.DataFrame) -> pd.DataFrame:
    """One row per source of answers and split; effects in percentage points, corrected minus published.

    ``errors_count`` is the effect of errors entering the denominator as wrong, ``unread_replies`` of
    unreadable judge replies leaving it, ``rules`` of everything that decides right or wrong: the
    letter rules on V* and HR-Bench, capital letters on POPE, what the judge is shown. The three add
    up to the whole difference. ``wrong_to_right`` and ``right_to_wrong`` count answers whose verdict ``rules`` changes.
    """
    rows = []
    grouped = answers.groupby(["benchmark", "split", "agent", "source", "batch_size"], sort=False)
    for key, group in grouped:
        named = dict(zip(("benchmark", "split", "agent", "source", "batch_size"), key, strict=True))
        rows.append(named | _effects(group))
    return pd.DataFrame(rows)


def _effects(answers: pd.DataFrame) -> dict[str, float]:
    """Step from the published to the corrected accuracy, one difference at a time."""
    fact = facts(answers)
    answered = fact["answered"].to_numpy() > 0
    published, corrected = (fact[f"right_{scorer}"].to_numpy() > 0 for scorer in ("published", "corrected"))
    unread = fact["corrected_unparsed"].to_numpy() > 0
    scored = answered & ~unread
    steps = [
        _share(published, answered),
        _share(published, np.ones_like(answered)),
        _share(published & ~unread, ~unread),
        _share(corrected, ~unread),
    ]
    return {
        "n": len(answers),
        "errored": int((~answered).sum()),
        "unread": int(unread.sum()),
        "accuracy_published": steps[0],
        "accuracy_corrected": steps[3],
        "errors_count": POINTS * (steps[1] - steps[0]),
        "unread_replies": POINTS * (steps[2] - steps[1]),
        "rules": POINTS * (steps[3] - steps[2]),
        "wrong_to_right": int((scored & ~published & corrected).sum()),
        "right_to_wrong": int((scored & published & ~corrected).sum()),
    }


def _share(right: Mask, counted: Mask) -> float:
    return float(right[counted].mean()) if counted.any() else float("nan")
