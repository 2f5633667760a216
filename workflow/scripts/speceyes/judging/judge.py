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

Reader = tuple[Judged, Scorer]
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
    asked: dict[str, list[Reader]] = defaultdict(list)
    for question in questions:
        for scorer in SCORERS:
            decision = scorer.decide(question)
            if isinstance(decision, AskJudge):
                asked[prompts.render(question, decision)].append((question, scorer))
            else:
                verdicts[question][scorer.name] = Verdict(decision, "rule")
    log.info("%d distinct answers, %d prompts for the judge", len(questions), len(asked))
    replies = ask_all({prompt: _verdict_for(readers) for prompt, readers in asked.items()})
    unread = {prompt: _unread_by(readers, replies[prompt]) for prompt, readers in asked.items() if prompt in replies}
    again = ask_all({prompt + NUDGE: _verdict_for(readers) for prompt, readers in unread.items() if readers})
    for prompt, readers in asked.items():
        for reader in readers:
            nudged = again.get(prompt + NUDGE) if reader in unread.get(prompt, ()) else None
            question, scorer = reader
            verdicts[question][scorer.name] = _verdict(scorer, question, nudged or replies.get(prompt, ""))
    unparsed = {s.name: sum(v[s.name].decided_by == "unparsed" for v in verdicts.values()) for s in SCORERS}
    log.info(
        "answers without a readable reply: %s; of these without any: %d prompts", unparsed, len(asked) - len(replies)
    )
    return verdicts


def _verdict_for(readers: Sequence[Reader]) -> HoldsVerdict:
    """What says whether a reply holds a verdict for one of those who read it."""
    return lambda reply: any(scorer.read_reply(question, reply) is not None for question, scorer in readers)


def _unread_by(readers: Sequence[Reader], reply: str) -> list[Reader]:
    """Those who ask again because they cannot read a reply."""
    return [
        (question, scorer)
        for question, scorer in readers
        if scorer.asks_again and scorer.read_reply(question, reply) is None
    ]


def _verdict(scorer: Scorer, question: Judged, reply: str) -> Verdict:
    """An unreadable reply is a 0 to the published scorer, and no score to the corrected one."""
    correct = scorer.read_reply(question, reply)
    if correct is not None:
        return Verdict(correct, "judge", reply)
    return Verdict(None if scorer.asks_again else False, "unparsed", reply)
