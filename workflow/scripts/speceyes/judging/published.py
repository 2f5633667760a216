"""The published scorer, rule for rule, quirks included (docs/protocol.md, scoring, rows 2-7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from speceyes.judging.questions import Judged
from speceyes.judging.scorers import AskJudge

MARKER = "Judgement:"


@dataclass(frozen=True, slots=True)
class PublishedScorer:
    """Scores as the paper's code does, so that its numbers can be held against ours."""

    name: Literal["published"] = "published"
    asks_again: bool = False

    def decide(self, question: Judged) -> bool | AskJudge:
        return _choice(question) if question.options else _yes_no(question)

    def read_reply(self, question: Judged, reply: str) -> bool | None:
        told = reply.rpartition(MARKER)[2].strip()
        if MARKER in reply or question.benchmark == "hrbench":
            # A 1 anywhere counts, "10" and "not 1" too.
            return True if "1" in told else False if "0" in told else None
        return {"1": True, "0": False}.get(told)


def _choice(question: Judged) -> bool | AskJudge:
    answer = _unwrapped(question.answer)
    if len(answer) == 1:
        return answer == question.gold_letter
    if len(answer) == 2 and "." in answer:
        return question.gold_letter in answer
    # HR-Bench has only the letter to look for, so that "A" is found in "B. Apple" and in "Among others".
    gold = question.gold_letter if question.benchmark == "hrbench" else f"{question.gold_letter}. {question.gold}"
    return True if gold in answer else AskJudge(gold, answer)


def _yes_no(question: Judged) -> bool | AskJudge:
    """Case counts when lengths agree: "Yes" is not "yes", and any other three letters are as wrong."""
    answer = _unwrapped(question.answer)
    if len(answer) == len(question.gold):
        return answer == question.gold
    return AskJudge(question.gold, answer)


def _unwrapped(answer: str) -> str:
    r"""What stands between the first ``\boxed{`` and the next brace."""
    _, box, rest = answer.partition(r"\boxed{")
    return rest.partition("}")[0] if box else answer
