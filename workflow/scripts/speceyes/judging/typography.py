"""What an answer says without its typography, as the rules read it."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 1000  # characters of a text that rules read; Unicode's normalisation is not linear
END_OF_THOUGHTS = "</think>"
PUNCTUATION = " .,:;!。、"

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_COMMAND = re.compile(r"\\(?:boxed|text|textbf|mathrm|mathbf)\{([^{}]*)\}")
_MATHS = re.compile(r"\$([^$]*)\$|\\[()\[\]]")
_MARKS = re.compile(
    r"</?(?:answer|b|strong|i|em)>|^#{1,6} |[*_`\"“”„«»「」『』]|(?<!\w)['‘’]|['‘’](?!\w)", re.MULTILINE
)
_SENTENCE_END = re.compile(r"\n|(?<=\w\w)[.!。;](?:\s|$)")


def normalized(answer: str) -> str | None:
    """What the answer says: lower case, one space between words, without thoughts, emphasis, quotation marks, tags.

    Returns:
        Lines stay lines; empty where nothing is said; None where the rules do not read: a text that is too
        long, or thoughts that nothing follows.
    """
    lines = (" ".join(line.split()) for line in answer.rpartition(END_OF_THOUGHTS)[2].splitlines())
    text = "\n".join(line for line in lines if line)
    if len(text) > LONGEST:
        return None
    said = without_marks(text)
    return None if not said and END_OF_THOUGHTS in answer else said


def without_marks(text: str) -> str:
    """A short text in lower case, full-width and other compatible letters as plain ones, nothing invisible, no mark."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    for _ in range(3):  # commands inside commands
        text = _COMMAND.sub(r" \1", text)
    text = _MARKS.sub("", _MATHS.sub(r"\1", text)).casefold().replace("’", "'")
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def sentences(text: str) -> list[str]:
    """The sentences of a plain text, without the punctuation at their ends."""
    return [bare for sentence in _SENTENCE_END.split(text) if (bare := sentence.strip().rstrip(PUNCTUATION))]
