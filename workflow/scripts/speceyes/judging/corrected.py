"""The corrected scorer: choices parsed as choices, yes and no normalised, the judge told letter and text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from speceyes.judging.choices import chosen_letter
from speceyes.judging.questions import Judged
from speceyes.judging.replies import judgement
from speceyes.judging.scorers import AskJudge
from speceyes.judging.typography import normalized
from speceyes.judging.yes_or_no import yes_or_no


@dataclass(frozen=True, slots=True)
class CorrectedScorer:
    """Scores what an answer says (docs/protocol.md, scoring, right column)."""

    name: Literal["corrected"] = "corrected"
    asks_again: bool = True

    def decide(self, question: Judged) -> bool | AskJudge:
        if normalized(question.answer) == "":
            return False
        said = chosen_letter(question) if question.options else yes_or_no(question)
        if said is not None and question.options:
            return said == question.gold_letter
        if said is not None and question.gold in ("yes", "no"):
            return said == question.gold
        gold = f"{question.gold_letter}. {question.gold}" if question.options else question.gold
        return AskJudge(gold, question.answer.strip())

    def read_reply(self, question: Judged, reply: str) -> bool | None:  # noqa: ARG002 - one form for all benchmarks
        return judgement(reply)
