"""The published scorer, rule for rule, quirks included (docs/protocol.md, scoring, rows 2-7)."""

from __future__ import annotations

from typing import Literal

from speceyes.judging.answers import unboxed
from speceyes.judging.questions import Judged
from speceyes.judging.scorers import AskJudge


class Published:
    """Scores as the paper's code does, so that its numbers can be held against ours."""

    name: Literal["published"] = "published"

    def decide(self, question: Judged) -> bool | AskJudge:
        if not question.options:
            return self._yes_no(question)
        answer = unboxed(question.answer)
        if len(answer) == 1:
            return answer == question.gold_letter
        if len(answer) == 2 and "." in answer:
            return question.gold_letter in answer
        if question.benchmark == "hrbench":
            # The gold letter anywhere in the text counts: "A" is found in "B. Apple".
            return True if question.gold_letter in answer else AskJudge(question.gold_letter)
        return True if f"{question.gold_letter}. {question.gold}" in answer else AskJudge(question.gold)

    def _yes_no(self, question: Judged) -> bool | AskJudge:
        # Case counts when lengths agree: "Yes" is not "yes".
        if len(question.answer) == len(question.gold):
            return question.answer == question.gold
        return AskJudge(question.gold)

    def read_reply(self, question: Judged, reply: str) -> bool | None:
        _, marker, rest = reply.partition("Judgement:")
        if marker:
            return _bit(rest)
        if question.benchmark == "hrbench":
            return True if "1" in reply else _bit(reply)
        return _bit(reply)


def _bit(text: str) -> bool | None:
    """1 or 0 standing by itself (or at the start, after a marker)."""
    stripped = text.strip()
    return {"1": True, "0": False}.get(stripped[:1]) if stripped[:1] in "10" and stripped else None
