"""Pages in HTML: tables are tables, foreign markup is text, and no address but those of the page is in it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from speceyes.pages.html_page import html_page

TABLE = "| split | accuracy |\n|---|---|\n| 4k | 81.2 |\n| 8k | 70.0 |"


def body(text: str) -> ET.Element:
    page = html_page("t", text)
    return ET.fromstring(re.search(r"<main>.*</main>", page, re.DOTALL)[0].replace("<br>", "<br/>"))


def test_a_table_becomes_one_that_scrolls_by_itself():
    (wide,) = body(f"# A\n\n{TABLE}").findall(".//div[@class='wide']")
    assert [[cell.text for cell in row] for row in wide.iter("tr")] == [
        ["split", "accuracy"],
        ["4k", "81.2"],
        ["8k", "70.0"],
    ]
    assert wide.get("tabindex") == "0"


@pytest.mark.parametrize(
    "foreign",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "text <b onmouseover=alert(1)>bold</b>",
        "| a |\n|---|\n| <iframe src=x> |",
        "<div>\n\n<script>\nalert(1)\n</script>\n\n</div>",
    ],
)
def test_foreign_markup_is_shown_and_not_obeyed(foreign):
    found = body(f"# A\n\n{foreign}")
    assert {element.tag for element in found.iter()} <= {
        "main",
        "h1",
        "p",
        "div",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert "<" in "".join(found.itertext())


def test_names_that_were_escaped_for_markdown_are_shown_as_they_are():
    assert "a<b" in "".join(body("A name: a&lt;b").itertext())


def test_the_title_is_no_markup():
    assert "<title>&lt;script&gt;</title>" in html_page("<script>", "text")


def test_links_lead_beside_the_page():
    page = html_page("t", "[explorer](explorer.html), [a table](tables/main_table.csv)")
    assert re.findall(r'href="([^"]*)"', page) == ["explorer.html", "tables/main_table.csv"]
    assert "http" not in page
