"""Text at a model's border: no control tokens on the way in, nothing after a stop string on the way out."""

from __future__ import annotations

import re
from collections.abc import Sequence


def without_control_tokens(text: str, control: re.Pattern[str]) -> str:
    """The text without control tokens, so that a question or a tool's output cannot open turns or fake images.

    Repeated until nothing matches: a removal may join the halves of another token.
    """
    while (cleaned := control.sub("", text)) != text:
        text = cleaned
    return text


def cut_after_stop(text: str, stops: Sequence[str]) -> str:
    """The text up to and including the stop string that is complete first; all of it without one."""
    ends = [text.index(stop) + len(stop) for stop in stops if stop in text]
    return text[: min(ends, default=len(text))]
