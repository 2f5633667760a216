"""What a judge's reply says, read as strictly as an answer: a reply that could mean something else says nothing."""

from __future__ import annotations

import re

from speceyes.judging.typography import END_OF_THOUGHTS, LONGEST, PUNCTUATION, without_marks

LONGEST_REPLY = 16 * LONGEST  # characters after the thoughts

_DIGIT = r"[(\[{]*([01])[)\]}]*"
_REMARKS = {
    "1": ("consistent", "correct", "right", "same", "yes", "true", "equal"),
    "0": ("inconsistent", "incorrect", "wrong", "different", "no", "false", "not consistent", "not the same"),
}
_REMARK = r"(?:(?: ?[(\[]|, | [-–—=] )([a-z ]+)[)\]]?)?"
_MARK = r"[{(\[]*(?:(?:the|my|final|so|hence|thus|therefore),? )*judge?ment(?: is)?(?: ?[:=]| [-–—])? ?"
_MARKED = re.compile(rf"{_MARK}{_DIGIT}{_REMARK}[}})\]]*")
_BARE = re.compile(_DIGIT + _REMARK)
_MARK_WITH_DIGIT = re.compile(r"judge?ment.*\d")
_SENTENCE_END = re.compile(r"\n|[.!;](?:\s|$)|, (?=\w+:)")
_RECONSIDERED = re.compile(
    r"\b(?:wait|actually|however|but|sorry|correction|instead|rather|unless|although|if|second thought|on reflection)\b"
)


def judgement(reply: str) -> bool | None:
    """Right, wrong, or None where a reply does not clearly say either.

    Read are sentences that consist of "Judgement", in either spelling, and a 0 or 1 (all of them must agree), or a
    reply that is a 0 or 1 by itself; a word in brackets may repeat what the digit says. Other sentences may stand
    before, and after if they take nothing back. Thoughts that were cut off say nothing.
    """
    said = reply.rpartition(END_OF_THOUGHTS)[2].strip()
    if "<think>" in said or len(said) > LONGEST_REPLY:
        return None
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if any(len(line) > LONGEST for line in lines):
        return None
    text = "\n".join(map(without_marks, lines)).replace(":\n", ": ")
    sentences = [bare for sentence in _SENTENCE_END.split(text) if (bare := sentence.strip(PUNCTUATION))]
    if len(sentences) == 1 and (bare_digit := _BARE.fullmatch(sentences[0])):
        return _read(bare_digit)
    found: set[bool | None] = set()
    for sentence in sentences:
        if marked := _MARKED.fullmatch(sentence):
            found.add(_read(marked))
        elif _MARK_WITH_DIGIT.search(sentence) or (found and _RECONSIDERED.search(sentence)):
            return None
    return found.pop() if len(found) == 1 else None


def _read(digit: re.Match[str]) -> bool | None:
    """The digit, unless a remark after it does not say the same."""
    return digit[1] == "1" if digit[2] is None or digit[2] in _REMARKS[digit[1]] else None
