"""Reading answers: boxes unwrapped, option letters, option texts, yes and no."""

from __future__ import annotations

import re

from speceyes.judging.questions import Judged

BOXED = re.compile(r"\\boxed\{([^{}]*)\}")
BARE_LETTER = re.compile(
    r"^\W*(?:(?:the\s+)?(?:answer|option)\s*(?:is)?\s*:?\s*)?\(?([A-H])\)?[.:)]?\W*$", re.IGNORECASE
)
YES_NO = re.compile(r"\b(yes|no)\b", re.IGNORECASE)


def unboxed(answer: str) -> str:
    r"""The content of the last ``\boxed{...}``, or the answer itself, stripped."""
    found = BOXED.findall(answer)
    return (found[-1] if found else answer).strip()


def _normal(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text).lower().split())


def chosen_letter(question: Judged) -> str | None:
    """The one option an answer chooses, or None when it is not clear.

    A letter by itself; "B. blue" with the option's own text; or the text of exactly one option.
    """
    answer = unboxed(question.answer)
    bare = BARE_LETTER.match(answer)
    if bare and bare[1].upper() in question.letters:
        return bare[1].upper()
    named = {letter for letter in question.letters if _names(answer, letter, question)}
    if len(named) == 1:
        return named.pop()
    normal = f" {_normal(answer)} "
    told = {
        letter
        for letter, text in zip(question.letters, question.options, strict=True)
        if f" {_normal(text)} " in normal
    }
    return told.pop() if len(told) == 1 and not named else None


def _names(answer: str, letter: str, question: Judged) -> bool:
    """Whether an answer holds this letter followed by this option's text."""
    text = re.escape(question.options[question.letters.index(letter)])
    return re.search(rf"(?<![A-Za-z])\(?{letter}[.):]\s*{text}(?!\w)", answer) is not None


def yes_or_no(answer: str) -> str | None:
    """ "yes" or "no" when exactly one of the two words stands in the answer."""
    found = {word.lower() for word in YES_NO.findall(unboxed(answer))}
    return found.pop() if len(found) == 1 else None
