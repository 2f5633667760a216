"""Judging a study: rules first, then one judge for what is left, both scorers side by side."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence

from speceyes.judging.prompts import JudgePrompts
from speceyes.judging.questions import Judged
from speceyes.judging.scorers import AskJudge, Scorer
from speceyes.judging.verdicts import SCORERS, Verdict, Verdicts

log = logging.getLogger(__name__)

NUDGE = "\nReply with nothing but Judgement: 1 or Judgement: 0."

AskAll = Callable[[Iterable[str]], dict[str, str]]


def judge_all(questions: Sequence[Judged], prompts: JudgePrompts, ask_all: AskAll) -> Verdicts:
    """Both scorers' verdicts on every answer.

    Args:
        questions: distinct answers.
        prompts: the judge's wording.
        ask_all: gives the judge's reply to each prompt (:meth:`JudgeClient.replies`); prompts that the
            scorers share are asked once, replies that say nothing once more where the scorer wants it.

    Raises:
        JudgeError: the judge cannot be had.
    """
    verdicts: Verdicts = {question: {} for question in questions}
    asked: dict[tuple[Judged, Scorer], str] = {}
    for question in questions:
        for scorer in SCORERS:
            decision = scorer.decide(question)
            if isinstance(decision, AskJudge):
                asked[question, scorer] = prompts.render(question, decision)
            else:
                verdicts[question][scorer.name] = Verdict(decision, "rule")
    log.info("%d distinct answers, %d prompts for the judge", len(questions), len(set(asked.values())))
    replies = ask_all(asked.values())
    unread = [
        prompt + NUDGE
        for (question, scorer), prompt in asked.items()
        if scorer.asks_again and scorer.read_reply(question, replies[prompt]) is None
    ]
    again = ask_all(unread)
    for (question, scorer), prompt in asked.items():
        reply = again.get(prompt + NUDGE, replies[prompt]) if scorer.asks_again else replies[prompt]
        verdicts[question][scorer.name] = _verdict(scorer, question, reply)
    unparsed = {s.name: sum(v[s.name].decided_by == "unparsed" for v in verdicts.values()) for s in SCORERS}
    log.info("replies that could not be read: %s", unparsed)
    return verdicts


def _verdict(scorer: Scorer, question: Judged, reply: str) -> Verdict:
    """An unreadable reply is a 0 to the published scorer, and no score to the corrected one."""
    correct = scorer.read_reply(question, reply)
    if correct is not None:
        return Verdict(correct, "judge", reply)
    return Verdict(None if scorer.asks_again else False, "unparsed", reply)
