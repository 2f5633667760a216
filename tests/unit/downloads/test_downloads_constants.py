"""Reading text out of a syntax tree; the files are of our own wording."""

import pytest
from speceyes.downloads.constants import ConstantError, read_constant

SOURCE = '''
import os

os.environ["SPECEYES_WAS_EXECUTED"] = "yes"
GREETING = "Hello, " "world"
LONG = """two
lines"""
TYPED: str = "typed"
PROMPTS = {"short": {"system": "Be short.", 2: "two"}, "steps": ["one", GREETING]}
GREETING = "Later"


def make(question, size=1):
    """Not a prompt."""
    try:
        for _ in range(3):
            prompt = f"""Q: {question}
{{"size": "{size}"}}"""
    except ValueError as error:
        fallback = f"{error!r}"
    inner = first = "a" + "b" + LONG

    def nested():
        prompt = "nested"
        return "deep"

    return [first, "c", prompt]


class Box:
    text = "inside"

    async def say(self):
        return ("x", "y")


computed = GREETING.upper()
WIDE = f"{1:>3}"
SELF = SELF
'''


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("LONG", "two\nlines"),
        ("TYPED", "typed"),
        ("GREETING", "Later"),
        ("PROMPTS.short.system", "Be short."),
        ("PROMPTS.short.2", "two"),
        ("PROMPTS.steps.0", "one"),
        ("PROMPTS.steps", ["one", "Later"]),
        ("make.prompt", 'Q: {question}\n{"size": "{size}"}'),
        ("make.first", "abtwo\nlines"),
        ("make.return", ["abtwo\nlines", "c", 'Q: {question}\n{"size": "{size}"}']),
        ("make.return.1", "c"),
        ("make.nested.return", "deep"),
        ("Box.text", "inside"),
        ("Box.say.return", ["x", "y"]),
    ],
)
def test_constants_and_templates_are_read_from_source(path, text):
    assert read_constant(SOURCE, path) == text


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("PROMPT.short", "no PROMPT.short; nearest constants: PROMPTS"),
        ("PROMPTS.long", "no PROMPTS.long"),
        ("PROMPTS.steps.7", "no PROMPTS.steps.7"),
        ("make", "make is a function or class, not text"),
        ("make.absent", "no make.absent; nearest constants: make."),
        ("make.fallback", "an f-string with more than plain names in braces"),
        ("WIDE", "an f-string with more than plain names in braces"),
        ("computed", "GREETING.upper() is not constant text"),
        ("SELF", "not readable as Python"),
        ("PROMPTS", "is not constant text"),
        ("", "no ;"),
    ],
)
def test_anything_else_is_refused_by_name(path, message):
    with pytest.raises(ConstantError) as caught:
        read_constant(SOURCE, path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_is_executed(monkeypatch):
    monkeypatch.delenv("SPECEYES_WAS_EXECUTED", raising=False)
    read_constant(SOURCE, "LONG")
    import os

    assert "SPECEYES_WAS_EXECUTED" not in os.environ


@pytest.mark.parametrize("source", ["def (", "x = '", "\0", "(" * 5000, "x = " + "-" * 100_000 + "1"])
def test_files_that_are_no_python(source):
    with pytest.raises(ConstantError):
        read_constant(source, "x")
