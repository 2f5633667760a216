"""Names in a configuration are safe wherever they are written, and come back as they were written."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from configurations import complaint
from speceyes.study.config import load_config

BAD_NAMES = {
    "empty": "",
    "a path": "../hrbench",
    "a regular expression": ".*",
    "an alternative": "de|mini",
    "a plus": "deepeyes+cot",
    "spaces and brackets": "DeepEyes (7B)",
    "markup": "<b>mine</b>",
    "LaTeX": "R&D_50%#",
    "a wildcard": "{agent}",
    "a line break": "a\n",
    "escape codes": "\x1b[31m",
    "another script": "größe",
    "an option": "-rf",
    "two dots": "..",
    "300 characters": "a" * 300,
}


def renamed(section: dict[str, Any], old: str, new: str) -> None:
    section[new] = section.pop(old)


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES)
@pytest.mark.parametrize("key", ["study", "agents", "models", "benchmarks.vstar.splits", "benchmarks"])
def test_a_name_that_is_not_safe_everywhere_is_refused(raw, key, name):
    if key == "study":
        raw["study"] = name
    else:
        section = raw
        for part in key.split("."):
            section = section[part]
        renamed(section, sorted(section)[0], name)
    message = complaint(raw)
    assert message.startswith(f"config: {key}")
    assert "a name is 1 to 64 letters, digits, '.', '_' and '-' and begins with a letter or digit, got " in message
    assert message.isprintable()
    assert len(message) < 400


@pytest.mark.parametrize("name", ["01", "1.10", "NA", "nan", "None", "true", "GPT4V-hard", "a_b", "x" * 64])
def test_a_name_that_is_safe_is_taken_as_it_is_written(raw, name):
    raw["benchmarks"]["vstar"]["splits"] = {name: 3}
    assert load_config(raw).benchmarks["vstar"].splits == {name: 3}


@pytest.mark.parametrize("name", [1, 1.1, True, date(2026, 1, 1)])
def test_a_name_that_yaml_reads_as_something_else_belongs_in_quotes(raw, name):
    raw["benchmarks"]["vstar"]["splits"] = {name: 3}
    assert "Input should be a valid string, got " in (message := complaint(raw))
    assert message.endswith("; put it in quotes")


@pytest.mark.parametrize(
    ("key", "names", "problem"),
    [
        ("agents", ["draft"], "agents: draft clashes with draft"),
        ("agents", ["Judge"], "agents: Judge clashes with judge"),
        ("agents", ["deepeyes", "DeepEyes"], "agents: DeepEyes clashes with deepeyes"),
        ("models", ["draft", "deepeyes", "judge", "thyme", "Draft"], "models: Draft clashes with draft"),
    ],
)
def test_names_that_files_are_named_after_do_not_clash(raw, key, names, problem):
    (some, *_) = raw[key].values()
    raw[key] = dict.fromkeys(names, some)
    assert complaint(raw).startswith(f"config: {problem}")


def test_splits_that_differ_in_case_alone_clash(raw):
    raw["benchmarks"]["vstar"]["splits"] = {"a": 1, "A": 1}
    assert complaint(raw) == "config: benchmarks.vstar.splits: A clashes with a; give it another name"
