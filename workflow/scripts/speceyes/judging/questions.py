"""What has to be judged: each distinct answer to each distinct question once, however many settings share it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from speceyes.samples import LETTERS, Sample


@dataclass(frozen=True, slots=True, order=True)
class Judged:
    """A question with its gold answer and one given answer."""

    benchmark: str
    question: str
    options: tuple[str, ...]
    gold: str
    gold_letter: str
    answer: str

    @property
    def letters(self) -> str:
        """The letters of the options shown, ``"ABCD"``; empty without options."""
        return LETTERS[: len(self.options)]


def judged(sample: Sample, answer: str) -> Judged:
    """The judging question of one answer to a sample."""
    return Judged(sample.benchmark, sample.question, sample.options, sample.gold, sample.gold_letter, answer)


def distinct(samples: Mapping[str, Sample], answers: Iterable[tuple[str, str]]) -> list[Judged]:
    """Sorted distinct judging questions of (sample id, answer) pairs."""
    return sorted({judged(samples[sample_id], answer) for sample_id, answer in answers})
