"""Prompt files: how a question is put, and one line for a file that cannot be used."""

from __future__ import annotations

import pytest
from scripted import sample
from speceyes.prompts import PromptError, load_prompts

GOOD = """\
question: "Q {question}"
question_with_options: "Q {question} of {options}"
roles:
  answer: {user: "Now."}
  agent: {system: "S", user: "Go.", question: "Own {question}", question_with_options: "Own {question}:{options}"}
  half: {user: "Go.", question: "Half {question}"}
"""
ASKED = "Which colour has the star?"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.yaml"
    path.write_text(GOOD)
    return path


@pytest.mark.parametrize(
    "role, with_options, without",
    [
        (None, f"Q {ASKED} of \nA. red\nB. blue\n", f"Q {ASKED}"),
        ("answer", f"Q {ASKED} of \nA. red\nB. blue\n", f"Q {ASKED}"),
        ("agent", f"Own {ASKED}:\nA. red\nB. blue\n", f"Own {ASKED}"),
        ("half", f"Q {ASKED} of \nA. red\nB. blue\n", f"Half {ASKED}"),
        ("unheard-of", f"Q {ASKED} of \nA. red\nB. blue\n", f"Q {ASKED}"),
    ],
)
def test_a_question_is_put_in_the_roles_words_or_else_the_files(path, role, with_options, without):
    prompts = load_prompts(path)
    assert prompts.question_text(sample(), role) == with_options
    assert prompts.question_text(sample(options=()), role) == without


def test_braces_in_a_question_are_text(path):
    braces = sample(options=()).model_copy(update={"question": "What is {options} {0} {?"})
    assert load_prompts(path).question_text(braces) == "Q What is {options} {0} {?"


def test_a_role_without_a_system_message(path):
    assert load_prompts(path).roles["answer"].system == ""


@pytest.mark.parametrize(
    "change, problem",
    [
        (("question: ", "qestion: "), "question: Field required"),
        (('{user: "Now."}', "{}"), "roles.answer.user: Field required"),
        (('{user: "Now."}', "{user: 3}"), "roles.answer.user: Input should be a valid string"),
        (('{user: "Now."}', '{usr: "Now."}'), "roles.answer.user: Field required"),
        (('{user: "Now."}', '{user: "Now.", tone: "mild"}'), "roles.answer.tone: unknown key"),
        (("Q {question} of", "Q {question} {image} of"), "question_with_options: not a template of"),
        (("Half {question}", "Half {question"), "roles.half.question: not a template of"),
        (("Half {question}", "Half {question.nothing}"), "roles.half.question: not a template of"),
        (("Half {question}", "Half {question:d}"), "roles.half.question: not a template of"),
        (('"Q {question}"', '"Q?"'), "question: the template lacks {question}"),
        (
            ('"Q {question}"', '"Q {question} {options}"'),
            "question: not a template of {question} (KeyError: 'options')",
        ),
        (('"Q {question} of {options}"', '"Q {question}"'), "question_with_options: the template lacks {options}"),
        (('"Q {question} of {options}"', '"{options}"'), "question_with_options: the template lacks {question}"),
        (("Half {question}", "Half {question:.3}"), "roles.half.question: the template lacks {question}"),
        (("Half {question}", "Half {{question}}"), "roles.half.question: the template lacks {question}"),
        (("roles:", "roles: ["), "not YAML: expected"),
        (("roles:", "question: again\nroles:"), "not YAML: the key 'question' stands twice (line 3"),
        (('{user: "Now."}', '{user: "Now.", "user": "Then."}'), "not YAML: the key 'user' stands twice"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_key(path, change, problem):
    path.write_text(GOOD.replace(*change))
    with pytest.raises(PromptError) as caught:
        load_prompts(path)
    assert str(caught.value).startswith(f"{path}: {problem}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"- a list", b"\xff\xfe\x00", b"question: \xe9"])
def test_a_file_that_is_something_else(path, content):
    path.write_bytes(content)
    with pytest.raises(PromptError) as caught:
        load_prompts(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_how_to_get_it(tmp_path):
    with pytest.raises(PromptError, match=r"gone\.yaml: No such file or directory; run the rule download_prompts"):
        load_prompts(tmp_path / "gone.yaml")


def test_a_role_that_the_caller_needs_must_be_there(path):
    assert load_prompts(path, ("answer", "agent")).roles
    with pytest.raises(PromptError, match=r"model\.yaml: roles: 'verify' is missing, found agent, answer, half"):
        load_prompts(path, ("agent", "verify"))
