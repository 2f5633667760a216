"""Yes or no, read by a small grammar that must take in the whole answer (see :mod:`speceyes.judging.choices`).

A *clause* is yes or no, alone or after a label, or says that what the question asks for is there or is not.
All clauses of an answer must agree; a plain description of the picture may come before the last sentence.
"""

from __future__ import annotations

import re

from speceyes.judging.phrases import ARTICLE, ATTRIBUTE, NAMED, OPENER, PLACE, is_denied
from speceyes.judging.questions import Judged
from speceyes.judging.typography import LONGEST, PUNCTUATION, normalized, sentences, without_marks

_ANNOUNCED = re.compile(rf"^{NAMED} ?")
_ASKED_THING = re.compile(r"(?:is|are) there (.+)")
_PRESENCE = re.compile(r"(?:there|it|they)(?: is| are|'s)(?P<denied> not|n't| no(?= ))?(?: (?P<thing>.+))?")
_VISIBLE = re.compile(r"(?P<thing>.+) (?:is|are)(?P<denied> not|n't)? (?:present|visible)")
_DESCRIPTION = re.compile(rf"the (?P<attribute>{ATTRIBUTE} of )?([\w ]+) is [\w ]+")
_WORDS_OF_YES_AND_NO = {"yes": "yes", "no": "no", "是": "yes", "否": "no"}


def yes_or_no(question: Judged) -> str | None:
    """Yes or no, lower-case, or None where rules cannot tell."""
    text = normalized(question.answer)
    if not text:
        return None
    asked = without_marks(question.question[:LONGEST]).rstrip("? .")
    thing = _thing_asked_for(asked)
    *before, last = sentences(text) or [""]
    present = [sentence for sentence in before if not _describes(sentence) and _speaks_of(sentence, asked)]
    said = [sentence for sentence in before if sentence not in present and not _describes(sentence)]
    read = {_yes_or_no(clause, thing) for sentence in (*said, last) for clause in _clauses(sentence)}
    if len(read) != 1 or (present and "no" in read):
        return None
    return read.pop()


def _describes(sentence: str) -> bool:
    """Whether a sentence tells an attribute: "The color of the dot is red", whatever the answer after it."""
    found = _DESCRIPTION.fullmatch(sentence)
    return found is not None and found["attribute"] is not None and not is_denied(sentence.split())


def _speaks_of(sentence: str, asked: str) -> bool:
    """Whether a sentence speaks of something in the question as being there: "The dot is red", and then only "yes"."""
    found = _DESCRIPTION.fullmatch(sentence)
    return found is not None and not is_denied(sentence.split()) and {*found[2].split()} <= {*asked.split()}


def _clauses(sentence: str) -> list[str]:
    sentence = OPENER.sub("", sentence, count=1)
    sentence = _ANNOUNCED.sub("", sentence, count=1)
    return [clause for part in re.split(r"[,:]", sentence) if (clause := part.strip(PUNCTUATION))]


def _thing_asked_for(question: str) -> str:
    """What "is there a red dot in the image" asks for: "red dot"; empty for other questions."""
    asked = _ASKED_THING.fullmatch(question)
    thing = _thing(asked[1]) if asked else ""
    return "" if is_denied(thing.split()) else thing


def _thing(text: str) -> str:
    return PLACE.sub("", ARTICLE.sub("", text, count=1))


def _yes_or_no(clause: str, thing: str) -> str | None:
    if clause in _WORDS_OF_YES_AND_NO:
        return _WORDS_OF_YES_AND_NO[clause]
    if clause.startswith("no ") and _is_thing(clause.removeprefix("no "), thing):
        return "no"
    bare = PLACE.sub("", clause)
    found = _PRESENCE.fullmatch(bare) or _VISIBLE.fullmatch(bare)
    if not found or (found["thing"] and not _is_thing(found["thing"], thing)):
        return None
    return "no" if found["denied"] else "yes"


def _is_thing(text: str, thing: str) -> bool:
    told = _thing(text)
    return thing != "" and told in (thing, f"{thing}s")
