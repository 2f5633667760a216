"""What the models read at full size: the authors' own templates and vocabulary, every role of both agents.

Templates and configurations are their authors' and lie beside the checkout where they lie at all
(SPECEYES_SHARED, or ../shared); the vocabulary comes out of the qwen-agent wheel. The wording is the miniature's.
After a change that is meant: ``UPDATE_SNAPSHOTS=1 pytest tests/unit/agents/test_official_form.py``, and read the diff.
"""

from __future__ import annotations

import base64
import os
import runpy
import shutil
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import pytest
from PIL import Image
from scripted import ScriptedSandbox, broke, ran, said, sample
from snapshots import assert_is_snapshot
from speceyes.agents.base import Agent, Step, Task
from speceyes.agents.deepeyes import DeepEyes
from speceyes.agents.thyme import Thyme
from speceyes.engines.base import Message, Request
from speceyes.engines.processors import load_processor
from speceyes.engines.qwen_codec import QwenCodec
from speceyes.images import ImageSettings, Pictures
from speceyes.method.draft import Drafter, DraftSettings
from speceyes.method.specreason import PublishedSpecReason, SpecReasonSettings
from speceyes.prompts import load_prompts

ROOT = Path(__file__).parents[3]
OFFICIAL = Path(os.environ.get("SPECEYES_SHARED", ROOT.parent / "shared")) / "official"
PROMPTS = ROOT / "resources" / "miniature" / "prompts"
FAMILIES = {"qwen25vl": ("deepeyes", "thyme"), "qwen3vl": ("draft",)}
PICTURE = Image.new("RGB", (560, 280))
CROP = Image.new("RGB", (84, 56))
CALL = '<tool_call>{"arguments": {"bbox_2d": [0, 0, 84, 56]}}</tool_call>'
CODE = "<code>\n```python\nprint(1)\n```\n</code>"


def vocabulary() -> Path | None:
    """The file with the Qwen2 family's byte pairs."""
    try:
        found = [file for file in files("qwen-agent") or () if file.name == "qwen.tiktoken"]
    except PackageNotFoundError:
        return None
    return Path(str(found[0].locate())) if found else None


pytestmark = [
    pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official model folders are not on this machine"),
    pytest.mark.skipif(vocabulary() is None, reason="the qwen-agent wheel is not installed"),
]


@pytest.fixture(scope="module")
def codecs(tmp_path_factory) -> dict[str, QwenCodec]:
    """One codec per family, on a copy of its folder with a tokenizer."""
    write = runpy.run_path(str(OFFICIAL / "make_tokenizer.py"), run_name="tokenizer")["write"]
    lines = (line.split() for line in vocabulary().read_bytes().splitlines() if line.strip())
    ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
    made = {}
    for family in FAMILIES:
        folder = tmp_path_factory.mktemp("official") / family
        folder.mkdir()
        for file in (OFFICIAL / family).iterdir():
            shutil.copyfile(file, folder / file.name)
        write(ranks, folder)
        made[family] = QwenCodec(load_processor(folder), ImageSettings())
    return made


def agent_named(name: str, media: Path) -> Agent:
    if name == "deepeyes":
        return DeepEyes(PROMPTS / "deepeyes.yaml", {"protocol": "published"}, media)
    agent = Thyme(PROMPTS / "thyme.yaml", {"protocol": "published"}, media)
    agent.executor = ScriptedSandbox(ran("", CROP), broke())
    return agent


class Heard:
    """An engine that says one thing and keeps what it was asked."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.requests: list[Request] = []

    def generate(self, requests):
        self.requests += requests
        return [said(self.texts.pop(0))]


def dialogues(name: str, media: Path) -> dict[str, Request]:
    """Every prompt that the published protocol puts to an agent's model, and to the draft in SpecReason."""
    agent, step = agent_named(name, media), {"deepeyes": CALL, "thyme": CODE}[name]
    task = Task(sample(), PICTURE, Path("picture.png"))
    loop = agent.episode(task)
    requests = {"screening": agent.screen_request(task.sample, PICTURE), "first-turn": next(loop)}
    requests["after-tool"] = loop.send(Step(said(step)))
    other = agent.episode(task)
    next(other)
    failing = "<tool_call>{oops</tool_call>" if name == "deepeyes" else CODE
    requests["after-failure"] = other.send(Step(said(failing)))
    draft, large = Heard("I look.", "<answer>A. red</answer>"), Heard("9", "9")
    store = media.parent / "images"
    store.mkdir()
    PICTURE.save(store / "picture.png")
    PublishedSpecReason(draft, large, agent, SpecReasonSettings()).answer(sample(), Pictures(store))
    return requests | {"specreason-proposal": draft.requests[1], "specreason-score": large.requests[1]}


ROLES = ("screening", "first-turn", "after-tool", "after-failure", "specreason-proposal", "specreason-score")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", FAMILIES["qwen25vl"])
def test_what_an_agents_model_reads(codecs, tmp_path, name, role):
    request = dialogues(name, tmp_path / "media")[role]
    assert_is_snapshot(f"official/{name}-{role}", codecs["qwen25vl"].render(request))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", FAMILIES["qwen25vl"])
def test_the_drafts_template_renders_the_same_as_the_agents(codecs, tmp_path, name, role):
    request = dialogues(name, tmp_path / "media")[role]
    assert codecs["qwen3vl"].render(request) == codecs["qwen25vl"].render(request)


def test_what_the_draft_model_reads(codecs):
    request = Drafter(None, load_prompts(PROMPTS / "draft.yaml"), DraftSettings()).request(sample(), PICTURE)
    assert_is_snapshot("official/draft-answer", codecs["qwen3vl"].render(request))


@pytest.mark.parametrize("family, tokens", [("qwen25vl", 16320), ("qwen3vl", 12516)])
def test_an_8k_picture_has_the_published_number_of_tokens(codecs, family, tokens):
    codec = codecs[family]
    request = Request((Message("user", (Image.new("RGB", (7680, 4320)), "Which?")),), 1)
    ids = codec.encode([request])["input_ids"][0]
    assert int((ids == codec._processor.image_token_id).sum()) == tokens


def test_the_vocabulary_is_the_official_one(codecs):
    text = "<think>Grün, 红色 and 3.14</think>\n<answer>A. red</answer>"
    for codec in codecs.values():
        assert codec.decode(codec.tokenizer(text).input_ids) == text
        assert codec.tokenizer.convert_tokens_to_ids(["<|endoftext|>", "<|im_end|>"]) == [151643, 151645]
