import pytest
from markdown_it import MarkdownIt
from speceyes.tables.markdown import escaped

NAMES = [
    "V* and V*",
    "*a*",
    "_a_",
    "__init__",
    "a_b_c",
    "a|b",
    "`a`",
    "[a](b)",
    "![a](b)",
    "<b>a</b>",
    "a\\*b",
    "~~a~~",
    "&lt;",
]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_plain_is_shown_as_written(name):
    """Also within bold text, where a star of a name could end it."""
    (inline,) = (token for token in MarkdownIt().parse(f"**of {escaped(name)}, V\\***") if token.type == "inline")
    tags = [child.type for child in inline.children if child.type not in ("text", "text_special")]
    assert tags == ["strong_open", "strong_close"]
    assert "".join(child.content for child in inline.children) == f"of {name}, V*"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_plain_stays_in_its_table_cell(name):
    tokens = MarkdownIt("commonmark").enable("table").parse(f"| a | b |\n|---|---|\n| {escaped(name)} | c |")
    cells = [token.children for token in tokens if token.type == "inline"][2:]
    assert ["".join(child.content for child in cell) for cell in cells] == [name, "c"]


def test_an_underscore_within_a_word_needs_no_escape():
    assert escaped("direct_attributes") == "direct_attributes"
