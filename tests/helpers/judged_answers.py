"""Answers to one question with options and to one about presence, as the scorers are given them."""

from __future__ import annotations

from speceyes.judging.questions import Judged

OPTIONS = ("red", "blue", "dark red", "Apple")

COLOR = "What is the color of the dot on the circle?"


def choice(answer, letter="A", options=OPTIONS, benchmark="hrbench", question=COLOR) -> Judged:
    return Judged(benchmark, question, options, options["ABCDEFGH".index(letter)], letter, answer)


def pope(answer, gold="yes", question="Is there a dog in the image?") -> Judged:
    return Judged("pope", question, (), gold, "", answer)
