"""Words that announce an answer, and words that negate one."""

from __future__ import annotations

import re
from collections.abc import Iterable

NAME = (
    r"(?:answer|ans|option|choice|letter"
    r"|答案|选项|选择|答え|回答|정답|respuesta|réponse|antwort|risposta|resposta|ответ)"
)
NAMED = rf"(?:(?:the|my) )?(?:(?:final|correct|right|best) |正确|最终){{0,2}}{NAME}(?: is|是|为)?(?: ?[:=.])?"
_PLACE = r"(?:the|this) (?:image|picture|photo|scene)"
OPENER = re.compile(rf"^(?:(?:so|hence|thus|therefore),? |(?:in|based on) {_PLACE}, )")
PLACE = re.compile(rf" in {_PLACE}(?= |$)")
ATTRIBUTE = r"(?:colou?r|side|shape|size|position|material|number)"
ARTICLE = re.compile(r"^(?:a|an|the|any|some) ")
_TURNS = re.compile(
    r"no|not|never|neither|nor|without|except|unlike|instead|rather|cannot|yes|or|wrong|false|incorrect|\w+n't"
)


def is_denied(words: Iterable[str]) -> bool:
    """Whether one of the words denies, or leaves the answer open."""
    return any(_TURNS.fullmatch(word) for word in words)
