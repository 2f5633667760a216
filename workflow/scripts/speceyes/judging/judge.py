"""Judging a study: rules first, then one judge for what is left, both scorers side by side."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from speceyes.judging.prompts import JudgePrompts
from speceyes.judging.questions import Judged
from speceyes.judging.scorers import AskJudge, HoldsVerdict, Scorer
from speceyes.judging.verdicts import SCORERS, Verdict, Verdicts

log = logging.getLogger(__name__)

NUDGE = "\nReply with nothing but Judgement: 1 or Judgement: 0."

Pending = tuple[Judged, Scorer]  # an answer, and a scorer that waits for the judge to speak of it
AskAll = Callable[[Mapping[str, HoldsVerdict]], dict[str, str]]


def judge_all(questions: Sequence[Judged], prompts: JudgePrompts, ask_all: AskAll) -> Verdicts:
    """Both scorers' verdicts on every answer.

    Args:
        questions: distinct answers.
        prompts: the judge's wording.
        ask_all: gives the judge's reply to each prompt that gets one (:meth:`JudgeClient.replies`); prompts that
            the scorers share are asked once, replies that say nothing once more where the scorer wants it.

    Raises:
        JudgeError: the judge cannot be had.
    """
    verdicts: Verdicts = {question: {} for question in questions}
    asked: dict[str, list[Pending]] = defaultdict(list)
    for question in questions:
        for scorer in SCORERS:
            decision = scorer.decide(question)
            if isinstance(decision, AskJudge):
                asked[prompts.render(question, decision)].append((question, scorer))
            else:
                verdicts[question][scorer.name] = Verdict(decision, "rule")
    log.info("%d distinct answers, %d prompts for the judge", len(questions), len(asked))
    replies = ask_all({prompt: _verdict_for(pending) for prompt, pending in asked.items()})
    unread = {prompt: _unread_by(pending, replies[prompt]) for prompt, pending in asked.items() if prompt in replies}
    again = ask_all({prompt + NUDGE: _verdict_for(pending) for prompt, pending in unread.items() if pending})
    for prompt, pending in asked.items():
        for waiting in pending:
            nudged = again.get(prompt + NUDGE) if waiting in unread.get(prompt, ()) else None
            question, scorer = waiting
            verdicts[question][scorer.name] = _verdict(scorer, question, nudged or replies.get(prompt, ""))
    unparsed = {s.name: sum(v[s.name].decided_by == "unparsed" for v in verdicts.values()) for s in SCORERS}
    log.info(
        "answers without a readable reply: %s; of these without any: %d prompts", unparsed, len(asked) - len(replies)
    )
    return verdicts


def _verdict_for(pending: Sequence[Pending]) -> HoldsVerdict:
    """What says whether a reply holds a verdict for one of those who read it."""
    return lambda reply: any(scorer.read_reply(question, reply) is not None for question, scorer in pending)


def _unread_by(pending: Sequence[Pending], reply: str) -> list[Pending]:
    """Those who ask again because they cannot read a reply."""
    return [
        (question, scorer)
        for question, scorer in pending
        if scorer.asks_again and scorer.read_reply(question, reply) is None
    ]


def _verdict(scorer: Scorer, question: Judged, reply: str) -> Verdict:
    """An unreadable reply is a 0 to the published scorer, and no score to the corrected one."""
    correct = scorer.read_reply(question, reply)
    if correct is not None:
        return Verdict(correct, "judge", reply)
    return Verdict(None if scorer.asks_again else False, "unparsed", reply)
