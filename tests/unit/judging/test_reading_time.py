"""Reading an answer or a reply takes time linear in its text, whatever the text."""

import time

import pytest
from judged_answers import choice, pope
from speceyes.judging.corrected import CorrectedScorer
from speceyes.judging.published import PublishedScorer
from speceyes.judging.typography import LONGEST

ENDLESS = {
    "spaces": ("answer", " ", "no idea"),
    "openers": ("", "so, ", "B"),
    "labels": ("", "the answer is ", "B"),
    "letters": ("", "A. ", ""),
    "brackets": ("", "(", "B"),
    "boxes": ("", r"\boxed{", "B"),
    "closed boxes": ("", r"\boxed{}", "B"),
    "dollars": ("", "$", "B"),
    "nots": ("B", " not ", "A"),
    "marks": ("", "*", "B"),
    "judgements": ("", "judgement ", "1"),
    "judgement and spaces": ("judgement", " :", "x"),
    "combining": ("a", "\u0315\u0300", ""),  # quadratic in Unicode's own normalisation
    "ligatures": ("", "\ufdfa", ""),  # 18 characters each, once normalised
    "lines": ("", "B\n", "no"),
    "thoughts": ("", "</think>", "B"),
}


def seconds_to_read(text: str) -> float:
    """Processor time of all that is read from a text, as an answer and as a reply."""
    started = time.process_time()
    for scorer in (CorrectedScorer(), PublishedScorer()):
        for question in (choice(text), choice(text, benchmark="vstar"), pope(text)):
            scorer.decide(question)
            scorer.read_reply(question, text)
    return time.process_time() - started


@pytest.mark.parametrize("name", ENDLESS)
def test_reading_time_grows_no_faster_than_the_text(name):
    start, repeated, end = ENDLESS[name]
    shorter, longer = (seconds_to_read(start + repeated * (size // len(repeated)) + end) for size in (50_000, 800_000))
    assert longer < 64 * max(shorter, 0.01)  # 16 times the text; were it quadratic, 256 times the time


def test_text_of_the_greatest_length_that_is_read_takes_no_time():
    for start, repeated, end in ENDLESS.values():
        assert seconds_to_read(start + repeated * ((LONGEST - 10) // len(repeated)) + end) < 1
