"""What every agent's dialogue shares."""

from __future__ import annotations

import pytest
from PIL import Image
from speceyes.agents.dialogue import (
    answer_text,
    questions_and_system,
    verify_messages,
)
from speceyes.engines.base import Message
from speceyes.prompts import Prompt

PICTURE = Image.new("RGB", (28, 28))
QUESTION = Message("user", (PICTURE, "Which?"))


@pytest.mark.parametrize(
    "text, answer",
    [
        ("<answer>A</answer>", "A"),
        ("so <answer>\n A. red \n</answer> it is", "A. red"),
        ("<answer></answer>", ""),
        ("<answer>A</answer> no, <answer>B</answer>", "A"),
        ("<answer>A", None),
        ("A</answer>", None),
        ("A", None),
        ("", None),
    ],
)
def test_the_answer_stands_between_the_tags(text, answer):
    assert answer_text(text) == answer


def test_a_dialogue_opens_with_the_system_message_if_there_is_one():
    assert questions_and_system("Be good.", PICTURE, "Which?") == (Message("system", ("Be good.",)), QUESTION)
    assert questions_and_system("", PICTURE, "Which?") == (QUESTION,)


@pytest.mark.parametrize("system", ["Score.", ""])
def test_a_step_becomes_the_assistants_turn_before_the_question_for_a_score(system):
    history = (Message("system", ("Work.",)), QUESTION)
    messages = verify_messages(Prompt(system=system, user="0 to 9?"), history, "I zoom.")
    opening = (Message("system", ("Score.",)),) if system else ()
    assert messages == (*opening, QUESTION, Message("assistant", ("I zoom.",)), Message("user", ("0 to 9?",)))


def test_a_step_continues_an_open_turn():
    history = (QUESTION, Message("assistant", ("seen: ", PICTURE)))
    messages = verify_messages(Prompt(user="0 to 9?"), history, "red")
    assert messages[1] == Message("assistant", ("seen: ", PICTURE, "red"))
