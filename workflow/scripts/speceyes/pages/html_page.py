"""Pages in Markdown as HTML that a browser shows by itself: one file, no script of others, nothing fetched."""

from __future__ import annotations

import html
import itertools
import re
from importlib.resources import files
from string import Template

from markdown_it import MarkdownIt

_STATIC = files("speceyes.pages") / "static"


def html_page(title: str, text: str) -> str:
    """A page of Markdown with tables.

    Args:
        title: of the browser's tab.
        text: in Markdown; any other markup in it is shown as text.
    """
    page = Template((_STATIC / "page.html").read_text(encoding="utf-8"))
    style = (_STATIC / "page.css").read_text(encoding="utf-8")
    return page.substitute(title=html.escape(title), style=style, body=_body(text))


def _body(text: str) -> str:
    """The page's content; each table scrolls by itself where it is too wide, also by keyboard."""
    body = str(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
    numbers = itertools.count(1)
    opening = '<div class="wide" tabindex="0" role="region" aria-label="Wide table {}"><table>'
    body = re.sub("<table>", lambda _: opening.format(next(numbers)), body)
    return body.replace("</table>", "</table></div>")
