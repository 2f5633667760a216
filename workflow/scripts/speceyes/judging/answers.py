"""Reading answers: boxes unwrapped, option letters, option texts, yes and no."""

from __future__ import annotations

import re

from speceyes.judging.questions import Judged

BOXED = re.compile(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}")
LATEX_TEXT = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\{([^{}]*)\}")
BARE_LETTER = re.compile(
    r"\W*(?:(?:the\s+)?(?:correct\s+|right\s+|final\s+)?(?:answer|option|choice)\s*(?:is)?\s*:?\s*(?:option\s+)?)?"
    r"\(?([A-H])\)?\W*",
    re.IGNORECASE,
)
# Where one of these stands, an option's text may be what the answer denies.
DENIAL = re.compile(r"\b(?:not|no|never|neither|nor|without|except|unlike|instead|rather)\b|n['’]t\b", re.IGNORECASE)
YES_OR_NO_AT_AN_END = re.compile(r"^\W*(yes|no)\b|\b(yes|no)\W*$", re.IGNORECASE)


def unboxed(answer: str) -> str:
    r"""The content of the last ``\boxed{...}``, or the answer itself, without LaTeX text commands, stripped."""
    found = BOXED.findall(answer)
    return LATEX_TEXT.sub(r"\1", found[-1] if found else answer).strip()


def chosen_letter(question: Judged) -> str | None:
    """The one option that an answer chooses, or None when rules cannot tell.

    A letter by itself ("B", "(b).", "The answer is B."); a letter with its option's own text
    ("It is blue. B. blue"); or the text of exactly one option, where no letter says otherwise and
    nothing is denied.
    """
    answer = unboxed(question.answer)
    bare = BARE_LETTER.fullmatch(answer)
    if bare:
        letter = bare[1].upper()
        return letter if letter in question.letters else None
    paired = {
        letter for letter, text in zip(question.letters, question.options, strict=True) if _pairs(answer, letter, text)
    }
    if paired:
        return paired.pop() if len(paired) == 1 else None
    told = _told_options(answer, question)
    lettered = re.findall(rf"(?<!\w)\(?([{question.letters}])[.:)](?=\s|$)", answer)
    if len(told) != 1 or DENIAL.search(answer) or set(lettered) - told:
        return None
    return told.pop()


def yes_or_no(answer: str) -> str | None:
    """Yes or no, lower-case, where the answer begins or ends with it and not with both; else None."""
    found = {(first or last).lower() for first, last in YES_OR_NO_AT_AN_END.findall(unboxed(answer))}
    return found.pop() if len(found) == 1 else None


def _pairs(answer: str, letter: str, text: str) -> bool:
    """Whether the answer holds this letter followed by this option's text."""
    return re.search(rf"(?<!\w)\(?{letter}[.:)]+\s*{re.escape(text)}(?!\w)", answer) is not None


def _told_options(answer: str, question: Judged) -> set[str]:
    """Letters of the options whose text stands in the answer; of "red" and "dark red" the longer counts."""
    words = f" {_normal(answer)} "
    texts = {letter: _normal(text) for letter, text in zip(question.letters, question.options, strict=True)}
    told = {letter: text for letter, text in texts.items() if text and f" {text} " in words}
    longest_first = sorted(told, key=lambda letter: -len(told[letter]))
    kept: set[str] = set()
    for letter in longest_first:
        if f" {told[letter]} " in words:
            kept.update(other for other in told if told[other] == told[letter])
            words = words.replace(f" {told[letter]} ", " | ")
    return kept


def _normal(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text).lower().split())
