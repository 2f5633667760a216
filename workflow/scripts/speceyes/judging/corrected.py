"""The corrected scorer: choices parsed as choices, yes and no normalised, the judge told letter and text."""

from __future__ import annotations

import re
from typing import Literal

from speceyes.judging.answers import chosen_letter, yes_or_no
from speceyes.judging.questions import Judged
from speceyes.judging.scorers import AskJudge

REPLY = re.compile(r"(?:judge?ment:?\s*)?\b([01])\b", re.IGNORECASE)


class Corrected:
    """Scores what an answer says (docs/protocol.md, scoring, right column)."""

    name: Literal["corrected"] = "corrected"

    def decide(self, question: Judged) -> bool | AskJudge:
        if not question.answer.strip():
            return False
        if not question.options:
            said = yes_or_no(question.answer)
            return AskJudge(question.gold) if said is None else said == question.gold
        letter = chosen_letter(question)
        if letter is None:
            return AskJudge(f"{question.gold_letter}. {question.gold}")
        return letter == question.gold_letter

    def read_reply(self, question: Judged, reply: str) -> bool | None:  # noqa: ARG002 - one form for all benchmarks
        found = set(REPLY.findall(reply))
        return found == {"1"} if len(found) == 1 else None
