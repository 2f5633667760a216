"""The published loops against a plain oracle of docs/protocol.md, over random scripted dialogues.

Same history before every generation, same status, same answer.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import oracles
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from scripted import PROMPTS, broke, ran, said, sample, store_picture
from speceyes.agents.base import Agent
from speceyes.agents.deepeyes import DeepEyes
from speceyes.agents.run import answer
from speceyes.agents.thyme import Thyme
from speceyes.engines.base import Request
from speceyes.images import Pictures
from speceyes.method.specreason import PublishedSpecReason, SpecReasonSettings

PICTURE, VIEW = (560, 280), (112, 56)
IMAGE = {"factor": 28, "min_pixels": 112 * 56, "max_pixels": 112 * 56}
DIALOGUES = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None, derandomize=True
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts.yaml").write_text(PROMPTS.replace(" {image_path}", ""))
    store_picture(tmp_path / "images", PICTURE)
    return tmp_path


class Reader:
    """Reads its texts aloud, the last one for ever, and remembers what it was asked."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self.requests: list[Request] = []

    def generate(self, requests):
        self.requests += requests
        return [said(self.texts[min(len(self.requests), len(self.texts)) - 1])]


def told(request: Request) -> list[tuple[str, str]]:
    """A request's history in the oracle's form."""
    history = [
        (
            message.role,
            "".join(part if isinstance(part, str) else f"[{part.width} x {part.height}]" for part in message.parts),
        )
        for message in request.messages
    ]
    return [*history, ("no generation prompt", "")] if request.opens == "nothing" else history


odd = st.sampled_from([None, "7", float("inf"), float("nan"), [1]])
numbers = st.one_of(st.integers(-20, 130), st.floats(-20, 130, width=16), odd)
boxes = st.one_of(st.lists(numbers, max_size=5), st.tuples(*[st.integers(0, 56)] * 4).map(sorted).map(list))
calls = st.one_of(
    boxes.map(lambda box: json.dumps({"name": "zoom", "arguments": {"bbox_2d": box}})),
    st.sampled_from(["{oops", "[]", "7", "{}", '{"arguments": 3}', '{"arguments": {"bbox_2d": {"a": 1}}}', ""]),
)
zooms = calls.map(lambda call: f"<tool_call>{call}</tool_call>")
tags = st.sampled_from(
    ["<tool_call>", "</tool_call>", "<answer>", "</answer>", "<code>", "</code>", "```python\n", "```"]
)
words = st.sampled_from(["Hm. ", "A. red", "answer", "\n", ""])
deepeyes_texts = st.lists(st.one_of(zooms, words, words, tags), max_size=4).map("".join)


@cache
def deepeyes(folder: Path) -> DeepEyes:
    return DeepEyes(folder / "prompts.yaml", {"protocol": "published", "image": IMAGE}, folder / "media")


@DIALOGUES
@given(st.lists(deepeyes_texts, min_size=6, max_size=6))
def test_deepeyes_published_does_what_the_protocol_says(folder, texts):
    reader = Reader(texts)
    record = answer(reader, deepeyes(folder), sample(), Pictures(folder / "images"))
    opening = told(reader.requests[0])
    histories, status, right = oracles.deepeyes(texts, PICTURE, VIEW, opening, "Think.")
    assert [told(request) for request in reader.requests] == histories
    assert (record.status, record.answer) == (status, right)
    assert all(request.opens == "reply" for request in reader.requests if told(request)[-1][0] == "assistant")


codes = st.builds(
    lambda opens, body, closes: f"<code>\n{opens}{body}{closes}\n</code>",
    st.sampled_from(["```python\n", "```Python \n", "```\n", "``` PY\n", "", "```py\n"]),
    st.sampled_from(["print(1)", "fail", "quiet", "x = '```python'", "say <code>"]),
    st.sampled_from(["\n```", "", "```\nmore\n```python\nfail\n```"]),
)
thyme_texts = st.one_of(
    codes,
    codes.map(lambda code: f"I look. {code}\n"),
    st.lists(st.one_of(codes, words, tags), max_size=3).map("".join),
    words.map(lambda word: f"<answer>{word}</answer>"),
)


def printed(code: str) -> str | None:
    """What a piece of code prints in this world."""
    return None if "fail" in code else "" if "quiet" in code else f" of {code!r} "


class Executor:
    def run(self, code, image_path):
        return broke() if (text := printed(code)) is None else ran(text)


@cache
def thyme(folder: Path) -> Thyme:
    agent = Thyme(folder / "prompts.yaml", {"protocol": "published"}, folder / "media")
    agent.executor = Executor()
    return agent


@DIALOGUES
@given(st.lists(thyme_texts, min_size=5, max_size=5))
def test_thyme_published_does_what_the_protocol_says(folder, texts):
    reader = Reader(texts)
    record = answer(reader, thyme(folder), sample(), Pictures(folder / "images"))
    histories, status, right = oracles.thyme(texts, printed, told(reader.requests[0]))
    assert [told(request) for request in reader.requests] == histories
    assert (record.status, record.answer) == (status, right)


def breaks(text: str) -> bool:
    """Whether DeepEyes' published loop breaks at a text by itself: an invalid call."""
    histories, status, _ = oracles.deepeyes([text, "<answer>"], PICTURE, VIEW, [], "")
    return status == "error" and len(histories) == 1


@pytest.mark.parametrize("name", ["deepeyes", "thyme"])
@DIALOGUES
@given(st.data())
def test_specreason_published_does_what_the_protocol_says(folder, name, data):
    texts = deepeyes_texts if name == "deepeyes" else thyme_texts
    proposals = data.draw(st.lists(texts, min_size=6, max_size=6))
    scores = data.draw(st.lists(st.sampled_from([0, 6, 7, 9]), min_size=6, max_size=6))
    replacements = data.draw(st.lists(texts, min_size=6, max_size=6))
    agent: Agent = thyme(folder) if name == "thyme" else deepeyes(folder)
    draft, large = Reader(proposals), Large(scores, replacements)
    record = PublishedSpecReason(draft, large, agent, SpecReasonSettings()).answer(
        sample(), Pictures(folder / "images")
    )
    expected = oracles.specreason(
        name,
        (proposals, scores, replacements),
        breaks if name == "deepeyes" else lambda _: False,
        told(draft.requests[0]),
    )
    assert ([told(request) for request in draft.requests], record.status, record.answer) == expected


class Large:
    """The agent's model in SpecReason: scores by its list, writes replacements by the other."""

    def __init__(self, scores: list[int], replacements: list[str]) -> None:
        self.scores, self.replacements = iter(scores), iter(replacements)

    def generate(self, requests):
        [request] = requests
        return [said(str(next(self.scores)) if request.max_new_tokens == 10 else next(self.replacements))]


@pytest.mark.parametrize(
    "benchmark, quality, sent",
    [("hrbench", 95, True), ("pope", 80, True), ("vstar", 95, False), ("pope", None, False)],
)
def test_pictures_out_of_tables_reach_thyme_as_jpeg(folder, benchmark, quality, sent):
    changes = {"published": {"jpeg_quality": quality}}
    agent = Thyme(folder / "prompts.yaml", changes, folder / "media")
    seen = []

    class Looking:
        def run(self, code, image_path):
            with Image.open(image_path) as image:
                seen.append((image.format, image.convert("RGB").tobytes()))
            return ran("1")

    agent.executor = Looking()
    reader = Reader(["<code>print(1)</code>", "<answer>A</answer>"])
    asked = sample().model_copy(update={"benchmark": benchmark})
    assert answer(reader, agent, asked, Pictures(folder / "images")).status == "ok"
    shown = reader.requests[0].messages[1].images[0].tobytes()
    assert seen == [("JPEG" if sent else "PNG", shown)]
    assert (shown != Image.open(folder / "images" / "picture.png").tobytes()) == sent
