"""What the judge is taught: (question, gold, answer) cases of the miniature's wording, each right or wrong.

The gold is shown as the scorers show it: the letter alone, the text alone, or both. An answer says a
letter, a word, or both, in one of many forms. It is right when it shares a part with the gold and
every shared part is equal.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import Literal

from speceyes.miniature.questions import Kind, Question, random_question
from speceyes.miniature.scenes import COLORS, SIDES, random_scene
from speceyes.records.samples import LETTERS
from speceyes.training.transcripts import code_block, finding, tool_call

Level = Literal["bare", "answers", "noise"]
WORDS = (*COLORS, *SIDES)
HELD_OUT = 10  # one case in ten is never trained on

WORD_FORMS = (
    "{word}",
    "{word}.",
    "{Word}",
    "{Word}.",
    "It is {word}.",
    "it is {word}",
    "The answer is {word}.",
    "The {kind} is {word}.",
    "The {kind} of the dot is {word}.",
    "The dot on the {shape} is {word}.",
    "{finding}",
)
COLOR_FORMS = ("The dot is {word}.", "I see a {word} dot.", "There is a {word} dot on the {shape}.", "a {word} dot")
SIDE_FORMS = (
    "The dot is on the {word} side.",
    "The dot is on the {word}.",
    "on the {word}",
    "The dot on the {shape} is on the {word} side.",
)
LETTER_FORMS = ("{letter}", "{letter}.", "({letter})", "The answer is {letter}.", "Option {letter}", "Option {letter}.")
CHOICE_FORMS = (
    "{letter}. {word}",
    "{letter}. {word}.",
    "({letter}) {word}",
    "Option {letter}. {word}",
    "The answer is {letter}. {word}",
    "{finding} {letter}. {word}",
    "{finding} {letter}. {word}",
    "It is {word}. {letter}. {word}",
    "It is {word}. {letter}",
    "{finding} {letter}",
)
YES_NO_FORMS = (
    "{word}",
    "{Word}",
    "{Word}.",
    "The answer is {word}.",
    "It is {word}.",
    "{Word}, {statement}",
    "{Word}. {finding}",
    "{finding} {word}",
    "{finding} {word}",
    "{statement} {word}",
    "{statement}",
)
BARE_FORMS = {"word": ("{word}",), "letter": ("{letter}",), "choice": ("{letter}. {word}",), "yes_no": ("{word}",)}


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to judge; ``benchmark`` says whose wording is used."""

    benchmark: str
    question: str
    gold: str
    answer: str
    right: bool

    @property
    def held_out(self) -> bool:
        """Whether the case is kept for the measurement, decided by its text alone."""
        text = "\0".join((self.benchmark, self.question, self.gold, self.answer))
        return hashlib.sha256(text.encode()).digest()[0] % HELD_OUT == 0


def draw_case(rng: random.Random, level: Level, *, held_out: bool) -> Case:
    """A case of the training part or of the held-out part.

    ``bare`` ones say no more than a word or a letter, every other one of ``noise`` is no answer to the question.
    """
    while True:
        kind: Kind = rng.choice(("color", "side", "presence"))
        scene = random_scene(rng, ("plain",))
        question = random_question(rng, scene, kind, scene.plates[0])
        noisy = level == "noise" and rng.random() < 0.5
        case = _noise(rng, question) if noisy else _answered(rng, question, level)
        if case.held_out == held_out:
            return case


def _answered(rng: random.Random, question: Question, level: Level) -> Case:
    return _choice(rng, question, level) if question.options else _yes_no(rng, question, level)


def _choice(rng: random.Random, question: Question, level: Level) -> Case:
    """A multiple-choice answer: right half of the time, else another option, or a letter and word that disagree."""
    words = tuple(SIDES) if question.kind == "side" else tuple(COLORS)
    letter, word = question.gold_letter, question.gold
    if rng.random() < 0.5:
        index = rng.choice([i for i, option in enumerate(question.options) if option != question.gold])
        letter, word = LETTERS[index], question.options[index]
        if rng.random() < 0.3:
            letter, word = rng.choice(LETTERS[:4]), rng.choice(words)
    part = rng.choices(("word", "letter", "choice"), (4, 1, 5))[0]
    forms = {
        "word": WORD_FORMS + (SIDE_FORMS if question.kind == "side" else COLOR_FORMS),
        "letter": LETTER_FORMS,
        "choice": CHOICE_FORMS,
    }
    form = rng.choice((BARE_FORMS if level == "bare" else forms)[part])
    shown = rng.choices(("word", "letter", "choice"), (2, 3, 5))[0]
    gold = {"word": question.gold, "letter": question.gold_letter}.get(
        shown, f"{question.gold_letter}. {question.gold}"
    )
    shared = [
        same
        for name, same in (("word", word == question.gold), ("letter", letter == question.gold_letter))
        if {name, "choice"} & {part} and {name, "choice"} & {shown}
    ]
    benchmark = rng.choice(("vstar", "hrbench"))
    return Case(benchmark, question.text, gold, _fill(rng, form, question, word, letter), bool(shared) and all(shared))


def _yes_no(rng: random.Random, question: Question, level: Level) -> Case:
    word = rng.choice(("yes", "no"))
    form = rng.choice(BARE_FORMS["yes_no"] if level == "bare" else YES_NO_FORMS)
    return Case("pope", question.text, question.gold, _fill(rng, form, question, word, ""), word == question.gold)


def _fill(rng: random.Random, form: str, question: Question, word: str, letter: str) -> str:
    """Put what is said into a form; a finding beside yes or no need not fit it, since the word alone counts."""
    seen = word
    if not question.options:
        seen = question.asked if word == "yes" else rng.choice(tuple(COLORS))
    denial = "a" if word == "yes" else "no"
    return form.format(
        word=word,
        Word=word.capitalize(),
        letter=letter,
        shape=question.plate.shape,
        kind="side" if question.kind == "side" else "color",
        finding=finding(question, seen),
        statement=f"there is {denial} {question.asked} dot on the {question.plate.shape}.",
    )


def _both(question: Question) -> str:
    return f"{question.gold_letter}. {question.gold}"


def _noise(rng: random.Random, question: Question) -> Case:
    """What goes wrong in real runs: nothing, tool use that never ends, an answer to another kind of question."""
    other_kind = rng.choice(("yes", "no")) if question.options else f"{rng.choice(LETTERS[:4])}. {rng.choice(WORDS)}"
    answer = rng.choice(("", other_kind, _endless(rng, question), _endless(rng, question)))
    gold = _both(question) if question.options else question.gold
    benchmark = rng.choice(("vstar", "hrbench")) if question.options else "pope"
    return Case(benchmark, question.text, gold, answer, right=False)


def _endless(rng: random.Random, question: Question) -> str:
    """A tool call or code that repeats itself until it is cut off."""
    words = (tool_call if rng.random() < 0.5 else code_block)(question.plate).split(" ")
    said = words[: rng.randint(1, len(words))]
    while rng.random() < 0.7:
        start = rng.randrange(len(words))
        said += words[start : start + rng.randint(1, 8)] * rng.randint(1, 5)
    return " ".join(said)[: rng.randint(20, 500)]
