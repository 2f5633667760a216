"""Episodes: loops driven one by one or side by side, and what their records add up."""

from __future__ import annotations

import pytest
from scripted import ScriptedEngine, said
from speceyes.agents.base import Ending, Loop, Step, StepError, between_tags
from speceyes.agents.run import Episode, driven, episode_record
from speceyes.agents.side_by_side import side_by_side
from speceyes.engines.base import Message, Request
from speceyes.records.batches import BatchSize
from speceyes.records.types import ToolUse


def counting(last: int) -> Loop:
    """Asks for numbers until it is told the last one."""
    heard: list[str] = []
    while True:
        step = yield Request((Message("user", tuple(heard) or ("begin",)),), 5)
        heard.append(step.text)
        if step.text == "break":
            raise StepError("cannot go on")
        if len(heard) == last:
            return Ending("ok", step.text)


def test_episodes_of_different_length_run_side_by_side():
    engine = ScriptedEngine("a", "b", "c", "d", "e", "f")
    episodes = [Episode("one", counting(1)), Episode("two", counting(3)), Episode("3", counting(2))]
    records = side_by_side([driven(engine, episode) for episode in episodes], BatchSize(3))
    assert [(record.sample_id, record.answer, len(record.turns)) for record in records] == [
        ("one", "a", 1),
        ("3", "e", 2),
        ("two", "f", 3),
    ]
    assert engine.batches == [3, 2, 1]
    assert engine.requests[5].messages[0].parts == ("b", "d")


def test_a_step_at_which_a_loop_breaks_ends_its_episode_alone():
    engine = ScriptedEngine("break", "b")
    episodes = [Episode("one", counting(2)), Episode("two", counting(1))]
    records = list(side_by_side([driven(engine, episode) for episode in episodes], BatchSize(2)))
    assert [(record.status, record.error, record.answer) for record in records] == [
        ("error", "cannot go on", ""),
        ("ok", "", "b"),
    ]
    assert records[0].turns[0].text == "break"


def test_a_record_adds_up_turns_and_tools():
    tool = ToolUse(name="zoom", status="malformed", latency_s=0.25)
    steps = [Step(said("look", tokens=4), tool=tool), Step(said("<answer> A </answer>", tokens=2), "draft", 8)]
    record = episode_record("s", steps, Ending("ok", "A"))
    assert (record.answer, record.tool_calls, record.generated_tokens) == ("A", 1, 6)
    assert record.latency_s == pytest.approx(1.25)
    assert [(turn.author, turn.score, turn.tool) for turn in record.turns] == [
        ("agent", None, tool),
        ("draft", 8, None),
    ]


def test_an_episode_that_was_not_driven_to_its_end_has_no_answer_yet():
    episode = Episode("s", counting(3))
    assert episode.record().status == "no_answer"
    episode.take(Step(said("<answer>A</answer>")))
    assert not episode.finished
    assert (episode.record().status, episode.record().answer) == ("no_answer", "A")


@pytest.mark.parametrize(
    "text, answer",
    [
        ("<answer> A\n</answer>", "A"),
        ("<answer></answer>", ""),
        ("<answer>A</answer><answer>B</answer>", "A"),
        ("<answer>A<answer>B</answer>", "A"),
        ("</answer> then <answer>B", "B"),
        ("<answer>A", None),
        ("A</answer>", None),
        ("A", None),
    ],
)
def test_the_published_code_takes_what_follows_the_first_opening_tag(text, answer):
    assert between_tags(text) == answer
