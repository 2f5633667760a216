"""The corrected scorer: choices parsed as choices, yes and no normalised, the judge told letter and text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from speceyes.judging.answers import chosen_letter, unboxed, yes_or_no
from speceyes.judging.questions import Judged
from speceyes.judging.scorers import AskJudge

MARKED = re.compile(r"judge?ment\W*([01])\b", re.IGNORECASE)
BARE = re.compile(r"\W*([01])\W*")


@dataclass(frozen=True, slots=True)
class Corrected:
    """Scores what an answer says (docs/protocol.md, scoring, right column)."""

    name: Literal["corrected"] = "corrected"
    asks_again: bool = True

    def decide(self, question: Judged) -> bool | AskJudge:
        answer = unboxed(question.answer)
        if not answer:
            return False
        if not question.options:
            said = yes_or_no(answer)
            return AskJudge(question.gold, answer) if said is None else said == question.gold
        letter = chosen_letter(question)
        if letter is None:
            return AskJudge(f"{question.gold_letter}. {question.gold}", answer)
        return letter == question.gold_letter

    def read_reply(self, question: Judged, reply: str) -> bool | None:  # noqa: ARG002 - one form for all benchmarks
        """A 0 or 1 after "Judgement" (all of them, if there are several, must agree), or nothing but a 0 or 1."""
        found = set(MARKED.findall(reply))
        if not found and (bare := BARE.fullmatch(reply)):
            found = {bare[1]}
        return found == {"1"} if len(found) == 1 else None
