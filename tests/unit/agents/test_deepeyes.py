"""The corrected DeepEyes loop, with an engine that says what the test wants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from scripted import SECONDS, Parrot, ScriptedEngine, said, sample, store_picture
from speceyes.agents.deepeyes import DeepEyes
from speceyes.agents.deepeyes_corrected import ToolCallError, original_box, parse_call
from speceyes.agents.run import answer
from speceyes.engines.base import Message
from speceyes.images import Pictures
from speceyes.records.types import AgentRecord, AgentStatus

PROMPTS = """\
question: "Q: {question}\\n"
question_with_options: "Q: {question} {options}"
roles:
  screening: {system: Judge., user: "Tools?"}
  agent: {system: Zoom., user: Think.}
  verify: {system: Score., user: "0 to 9?"}
"""
ANSWER = "<think>It is red.</think><answer> A. red </answer>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deepeyes.yaml").write_text(PROMPTS)
    store_picture(tmp_path / "images")
    return tmp_path


def agent(folder: Path, **changes: object) -> DeepEyes:
    return DeepEyes(folder / "deepeyes.yaml", {"protocol": "corrected"} | changes, folder / "media")


def run(folder: Path, *script: object, **changes: object) -> tuple[AgentRecord, ScriptedEngine]:
    engine = ScriptedEngine(*script)
    return answer(engine, agent(folder, **changes), sample(), Pictures(folder / "images")), engine


def call(*box: object, **more: object) -> str:
    arguments = {"bbox_2d": list(box), "label": "star"} | more
    return f"<tool_call>{json.dumps({'name': 'image_zoom_in_tool', 'arguments': arguments})}</tool_call>"


def test_the_first_request_is_the_published_one(folder):
    _, engine = run(folder, ANSWER)
    [request] = engine.requests
    system, user = request.messages
    assert system == Message("system", ("Zoom.",))
    assert user.role == "user"
    assert user.images[0].size == (560, 280)
    assert user.parts[1] == "Q: Which colour has the star? \nA. red\nB. blue\nThink."
    assert (request.max_new_tokens, request.stop, request.top_k) == (512, ("</tool_call>", "</answer>"), 0)


def test_an_answer_ends_the_episode(folder):
    record, engine = run(folder, ANSWER)
    assert engine.script == []
    assert (record.status, record.answer, record.tool_calls) == ("ok", "A. red", 0)
    [turn] = record.turns
    assert (turn.text, turn.author, turn.tool, turn.score) == (ANSWER, "agent", None, None)


def test_a_crop_comes_back_between_the_tags_with_the_instruction(folder):
    record, engine = run(folder, call(0, 0, 56, 28), ANSWER)
    call_turn, response = engine.requests[1].messages[2:]
    assert call_turn == Message("assistant", (call(0, 0, 56, 28),))
    opening, crop, instruction, closing = response.parts
    assert response.role == "user"
    assert (opening, instruction, closing) == ("<tool_response>", "Think.", "</tool_response>")
    assert crop.size == (56, 28)
    assert (record.status, record.tool_calls) == ("ok", 1)


def test_a_turn_with_neither_call_nor_answer_is_followed_by_the_instruction(folder):
    record, engine = run(folder, "Hmm.", ANSWER)
    assert engine.requests[1].messages[2:] == (Message("assistant", ("Hmm.",)), Message("user", ("Think.",)))
    assert (record.status, record.tool_calls) == ("ok", 0)


def test_the_crop_is_cut_from_the_original_where_the_view_showed_it(folder):
    """The view of this 560 x 280 picture is 56 x 28: a tenth each way."""
    image = Image.open(folder / "images" / "picture.png")
    view = {"image": {"factor": 28, "min_pixels": 784, "max_pixels": 56 * 28}}
    record, engine = run(folder, call(28, 7, 42, 21), ANSWER, **view)
    crop = engine.requests[1].messages[-1].images[0]
    assert record.turns[0].tool.box == (280, 70, 420, 210)
    assert np.array_equal(np.asarray(crop), np.asarray(image.crop((280, 70, 420, 210))))


def test_a_box_that_overlaps_the_edge_is_clipped(folder):
    record, engine = run(folder, call(-50, 200, 100, 900), ANSWER)
    assert record.turns[0].tool.box == (0, 200, 100, 280)
    assert engine.requests[1].messages[-1].images[0].size == (100, 80)


@pytest.mark.parametrize(
    "text, status",
    [
        ("<tool_call></tool_call>", "malformed"),
        ("<tool_call>zoom in</tool_call>", "malformed"),
        ("<tool_call>{'name': 'image_zoom_in_tool'}</tool_call>", "malformed"),
        ("<tool_call>[1, 2, 3, 4]</tool_call>", "malformed"),
        ('<tool_call>{"name": "image_zoom_in_tool"}</tool_call>', "malformed"),
        (call(1, 2, 3), "malformed"),
        (call(1, 2, 3, 4, 5), "malformed"),
        (call("left", 2, 3, 4), "malformed"),
        (call(None, 2, 3, 4), "malformed"),
        (call(float("nan"), 2, 3, 4), "malformed"),
        (call(0, 0, float("inf"), 4), "malformed"),
        (call(0, 0, 10**400, 4), "malformed"),
        (call(0, 0, 10, 10, label=7), "malformed"),
        ("<tool_call>" + "[" * 5000 + "</tool_call>", "malformed"),
        ('<tool_call>{"name": "rotate", "arguments": {}}</tool_call>', "unknown_tool"),
        (call(600, 0, 700, 100), "box_outside"),
        (call(0, -90, 100, -10), "box_outside"),
        (call(10, 10, 10, 90), "box_degenerate"),
        (call(90, 10, 10, 90), "box_degenerate"),
        (call(10, 10, 11, 90), "box_degenerate"),
        (call(559.5, 10, 700, 90), "box_degenerate"),
    ],
)
def test_a_call_that_cannot_be_run_has_a_status_and_the_episode_goes_on(folder, text, status):
    record, engine = run(folder, text, ANSWER)
    tool = record.turns[0].tool
    assert (tool.name, tool.status, tool.images, tool.box) == ("image_zoom_in_tool", status, (), ())
    assert tool.detail
    assert "\n" not in tool.detail
    assert engine.requests[1].messages[-1] == Message("user", ("Think.",))
    assert (record.status, record.answer, record.tool_calls) == ("ok", "A. red", 1)


def test_an_unclosed_call_is_no_call(folder):
    record, _ = run(folder, said(call(0, 0, 56, 28).removesuffix("</tool_call>"), stop_reason="length"), ANSWER)
    assert record.turns[0].tool is None


@pytest.mark.parametrize("text", ["Hmm.", call(0, 0, 56, 56), call(1, 1, 1, 1), ""])
def test_an_endless_loop_ends_after_six_generations(folder, text):
    record = answer(Parrot(text), agent(folder), sample(), Pictures(folder / "images"))
    assert (record.status, len(record.turns), record.answer) == ("no_answer", 6, text)


def test_an_answer_in_the_last_generation_counts(folder):
    record, _ = run(folder, "Hmm.", ANSWER, max_generations=2)
    assert (record.status, len(record.turns)) == ("ok", 2)


def test_what_every_turn_cost_is_kept(folder):
    record, _ = run(folder, said(call(0, 0, 56, 28), tokens=7), said("Hmm.", tokens=2), said(ANSWER, tokens=5))
    assert [turn.generated_tokens for turn in record.turns] == [7, 2, 5]
    assert [turn.latency_s for turn in record.turns] == [SECONDS] * 3
    tool = record.turns[0].tool
    assert tool.latency_s > 0
    assert record.latency_s == pytest.approx(3 * SECONDS + tool.latency_s)
    assert record.generated_tokens == 14


def test_crops_are_kept_once_each(folder):
    record, _ = run(folder, call(0, 0, 56, 28), call(0, 0, 56, 28), call(0, 0, 112, 28), ANSWER)
    names = [name for turn in record.turns if turn.tool for name in turn.tool.images]
    assert len(names) == 3
    assert len(set(names)) == 2
    assert {path.name for path in (folder / "media").iterdir()} == set(names)
    assert Image.open(folder / "media" / names[2]).size == (112, 28)


def test_the_whole_text_is_the_answer_without_tags(folder):
    record, _ = run(folder, "It is red", max_generations=1)
    assert (record.status, record.answer) == ("no_answer", "It is red")


def test_an_unreadable_picture_is_an_error_of_its_sample_alone(folder):
    record = answer(ScriptedEngine(), agent(folder), sample(image="torn.png"), Pictures(folder / "images"))
    assert (record.status, record.answer, record.turns) == ("error", "", ())
    assert "torn.png" in record.error


def test_screening_is_one_short_question(folder):
    image = Image.new("RGB", (56, 28))
    request = agent(folder).screen_request(sample(options=()), image)
    assert request.messages == (
        Message("system", ("Judge.",)),
        Message("user", (image, "Q: Which colour has the star?\nTools?")),
    )
    assert (request.max_new_tokens, request.stop, request.top_k) == (10, ("</tool_call>", "</answer>"), 0)


pieces = st.one_of(
    st.sampled_from(
        ["<tool_call>", "</tool_call>", "<answer>", "</answer>", "{", '"name"', "null", "image_zoom_in_tool"]
    ),
    st.lists(st.one_of(st.integers(), st.floats()), max_size=5).map(lambda box: call(*box)),
    st.text(max_size=20),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.lists(st.lists(pieces, max_size=4).map("".join), min_size=6, max_size=6))
def test_no_text_breaks_an_episode(folder, texts):
    record = answer(ScriptedEngine(*texts), agent(folder), sample(), Pictures(folder / "images"))
    assert record.status in get_args(AgentStatus)
    assert AgentRecord.model_validate_json(record.model_dump_json()) == record


numbers = st.floats(-2000, 2000)


@given(st.tuples(numbers, numbers, numbers, numbers))
def test_a_box_lies_inside_the_picture_or_is_refused(box):
    try:
        left, top, right, bottom = original_box(box, view=(56, 84), size=(700, 300), min_side=2)
    except ToolCallError as error:
        assert error.status in ("box_outside", "box_degenerate")
        return
    assert 0 <= left <= right - 2 <= 698
    assert 0 <= top <= bottom - 2 <= 298


def test_a_call_is_parsed_with_and_without_a_label():
    assert parse_call('{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [1, 2.5, 3, 4]}}') == (1, 2.5, 3, 4)
    assert parse_call(call(1, 2, 3, 4)[len("<tool_call>") : -len("</tool_call>")]) == (1, 2, 3, 4)


@pytest.mark.parametrize("protocol", ["published", "corrected"])
@pytest.mark.parametrize(
    "spelt",
    [
        '{"name": "\\ud800", "arguments": {}}',
        '{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": "\\udfff"}}',
        '{"\\ud800": 1}',
    ],
)
def test_half_a_character_that_a_call_spells_reaches_neither_model_nor_record(folder, protocol, spelt):
    record, engine = run(folder, f"<tool_call>{spelt}</tool_call>", *[ANSWER] * 9, protocol=protocol)
    record.model_dump_json().encode()
    for request in engine.requests:
        for message in request.messages:
            for part in message.parts:
                if isinstance(part, str):
                    part.encode()
