"""The corrected scorer's rules on answers that people labelled."""

import csv
from collections import Counter
from pathlib import Path

from speceyes.judging.corrected import CorrectedScorer
from speceyes.judging.questions import Judged
from speceyes.judging.scorers import AskJudge

LABELLED = Path(__file__).parents[2] / "data" / "labelled_answers.csv"

scorer = CorrectedScorer()


def test_rules_are_never_wrong_on_answers_labelled_by_hand(record_property):
    """The rules against answers labelled by hand: right, wrong, or unsure where a person cannot tell."""
    with LABELLED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told: Counter[tuple[str, str]] = Counter()
    mistaken = []
    for row in rows:
        options = tuple(row["options"].split("|")) if row["options"] else ()
        question = Judged(row["benchmark"], row["question"], options, row["gold"], row["gold_letter"], row["answer"])
        decision = scorer.decide(question)
        said = "judge" if isinstance(decision, AskJudge) else "right" if decision else "wrong"
        told[row["plain"], "judge" if said == "judge" else "rule"] += 1
        if said not in ("judge", row["label"]):
            mistaken.append((row["answer"], said, row["label"]))
    asked = told["yes", "judge"] / (told["yes", "judge"] + told["yes", "rule"])
    record_property(
        f"rules on {len(rows)} labelled answers",
        f"{len(mistaken)} mistaken; of the plain ones {asked:.1%} go to the judge",
    )
    assert len(rows) == 200
    assert mistaken == []
    assert asked <= 0.10
