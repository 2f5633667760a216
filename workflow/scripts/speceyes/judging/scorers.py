"""What a scorer is: a rule that decides or asks, and a reader of the judge's reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from speceyes.judging.questions import Judged

ScorerName = Literal["published", "corrected"]
SCORER_NAMES: tuple[ScorerName, ...] = get_args(ScorerName)
SCORER: ScorerName = "corrected"  # where one is shown; beside published numbers the published one is
HoldsVerdict = Callable[[str], bool]  # whether a judge's reply holds one


@dataclass(frozen=True, slots=True)
class AskJudge:
    """The rule cannot tell; ``gold`` and ``answer`` are the two sides as this scorer shows them to the judge."""

    gold: str
    answer: str


class Scorer(Protocol):
    """One way of scoring, rule for rule."""

    @property
    def name(self) -> ScorerName: ...

    @property
    def asks_again(self) -> bool:
        """Whether the judge is asked once more after a reply that says nothing; else such a reply is a 0."""
        ...

    def decide(self, question: Judged) -> bool | AskJudge:
        """Right, wrong, or a question for the judge."""
        ...

    def read_reply(self, question: Judged, reply: str) -> bool | None:
        """Right, wrong, or None for a reply that says neither."""
        ...
