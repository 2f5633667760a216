"""Text that Markdown shows as it is written."""

from __future__ import annotations

import html
import re

_MARKUP = re.compile(r"[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])")  # an underscore within a word is no markup


def escaped(text: str) -> str:
    """Foreign text, escaped so that a page in Markdown or a table cell shows it as it is written."""
    return _MARKUP.sub(r"\\\g<0>", html.escape(text, quote=False))
