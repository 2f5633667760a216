"""One protocol's generations serve the other: nothing that was asked is asked again, and nothing else is recalled."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from scripted import PROMPTS, ScriptedEngine, broke, ran, said, sample, store_picture
from speceyes.agents.base import Agent
from speceyes.agents.deepeyes import DeepEyes
from speceyes.agents.recall import RecallingEngine, prompt_digest
from speceyes.agents.run import answer
from speceyes.agents.thyme import Thyme
from speceyes.engines.base import Message, Request
from speceyes.images import Pictures

ANSWER = "<answer>A. red</answer>"
CALL = '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 56, 28]}}</tool_call>'
OUTSIDE = CALL.replace("[0, 0, 56, 28]", "[900, 900, 999, 999]")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts.yaml").write_text(PROMPTS)
    store_picture(tmp_path / "images")
    return tmp_path


class Sandbox:
    def run(self, code, image_path):
        return broke() if "fail" in code else ran(f"ran {code}")


@cache
def agent_named(name: str, protocol: str, folder: Path) -> Agent:
    if name == "deepeyes":
        return DeepEyes(folder / "prompts.yaml", {"protocol": protocol}, folder / "media")
    agent = Thyme(folder / "prompts.yaml", {"protocol": protocol}, folder / "media")
    agent.executor = Sandbox()
    return agent


@pytest.mark.parametrize(
    "texts, asked", [([ANSWER], 0), ([CALL, "Hm.", ANSWER], 0), ([OUTSIDE], 1), ([CALL, OUTSIDE], 1)]
)
def test_the_corrected_loop_asks_only_from_where_it_differs(folder, texts, asked):
    published = answer(
        ScriptedEngine(*texts), agent_named("deepeyes", "published", folder), sample(), Pictures(folder / "images")
    )
    engine = RecallingEngine(ScriptedEngine(*[ANSWER] * asked), [published])
    corrected = answer(engine, agent_named("deepeyes", "corrected", folder), sample(), Pictures(folder / "images"))
    assert engine.asked == asked
    assert (corrected.status, corrected.answer) == ("ok", "A. red")
    assert corrected.turns[0].latency_s == published.turns[0].latency_s
    assert corrected.turns[0].generated_tokens == published.turns[0].generated_tokens


DIALOGUES = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None, derandomize=True
)
pieces = st.sampled_from(
    [
        *(
            CALL,
            OUTSIDE,
            ANSWER,
            "Hm.",
            "<answer>A",
            "<tool_call>{oops</tool_call>",
            CALL.replace("image_zoom", "other"),
        ),
        *("<code>print(1)</code>", "<code>fail</code>", "</code>", "```", "text "),
    ]
)


class Greedy:
    """A model whose text depends on its prompt and on nothing else."""

    def __init__(self, texts: list[str]) -> None:
        self.texts, self.seen = texts, {}

    def generate(self, requests):
        prompts = [prompt_digest(request) for request in requests]
        for prompt in prompts:
            self.seen.setdefault(prompt, self.texts[len(self.seen) % len(self.texts)])
        return [said(self.seen[prompt]) for prompt in prompts]


@pytest.mark.parametrize("name", ["deepeyes", "thyme"])
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None, derandomize=True
)
@given(texts=st.lists(st.lists(pieces, min_size=1, max_size=2).map("".join), min_size=1, max_size=7))
def test_recalling_changes_no_record(folder, name, texts):
    """The corrected loop comes out the same whether the published one's texts are recalled or generated again."""
    model = Greedy(texts)
    published = answer(model, agent_named(name, "published", folder), sample(), Pictures(folder / "images"))
    recalling = RecallingEngine(model, [published])
    recalled = answer(recalling, agent_named(name, "corrected", folder), sample(), Pictures(folder / "images"))
    afresh = answer(model, agent_named(name, "corrected", folder), sample(), Pictures(folder / "images"))
    told = [
        [(turn.text, turn.prompt, turn.stop_reason, turn.generated_tokens) for turn in r.turns]
        for r in (recalled, afresh)
    ]
    assert told[0] == told[1]
    assert (recalled.status, recalled.answer) == (afresh.status, afresh.answer)
    known = {turn.prompt for turn in published.turns}
    assert recalling.asked == sum(turn.prompt not in known for turn in recalled.turns)


def request(*parts: object, **more: object) -> Request:
    return Request((Message("user", parts),), 10, **more)


def test_a_prompt_is_named_by_what_the_model_reads():
    red, blue = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    same = {prompt_digest(request("ab", red)), prompt_digest(request("a", "b", red.copy()))}
    assert len(same) == 1
    others = [
        request("ab", blue),
        request(red, "ab"),
        request("ab", red, opens="nothing"),
        request("ab", red, stop=("x",)),
        request("ab", red, ignore_end_of_text=True),
        request("ab", Image.new("RGB", (4, 16), "red")),
        request("ab"),
        Request((Message("system", ("ab", red)),), 10),
        Request((Message("user", ("ab", red)),), 11),
    ]
    assert len({prompt_digest(other) for other in others} | same) == len(others) + 1
