"""Dialogues of scripted texts and what comes of them, in one form for both agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from scripted import PROMPTS, said, sample, store_picture
from speceyes.agents.base import Agent
from speceyes.agents.deepeyes import DeepEyes
from speceyes.agents.run import answer
from speceyes.agents.thyme import Thyme
from speceyes.engines.base import Generation, Request
from speceyes.images import Pictures

SIDE = 1344
VIEW = {"factor": 28, "min_pixels": 224 * 224, "max_pixels": 224 * 224}


class ScriptEnded(Exception):  # noqa: N818 - no error: the loop wants more than the script has
    """The script ran out while the loop wanted more."""


class Reader:
    """An engine that answers with its script and counts the requests."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = list(texts)
        self.requests: list[Request] = []

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        if len(self.requests) == len(self.texts):
            raise ScriptEnded
        self.requests += requests
        return [said(self.texts[len(self.requests) - 1])]


@dataclass(frozen=True)
class Outcome:
    """What came of a dialogue: boxes in the original's pixels, or the sizes of the pictures that code returned."""

    status: str
    answer: str | None
    generations: int
    pictures: list[list[int]]


def make_agent(name: str, protocol: str, folder: Path) -> Agent:
    """An agent with a view of 224 x 224 pixels and Thyme's real sandbox."""
    (folder / "prompts.yaml").write_text(PROMPTS)
    store_picture(folder / "images", (SIDE, SIDE))
    if name == "deepeyes":
        return DeepEyes(folder / "prompts.yaml", {"protocol": protocol, "image": VIEW}, folder / "media")
    return Thyme(folder / "prompts.yaml", {"protocol": protocol}, folder / "media")


def outcome(name: str, texts: Sequence[str], folder: Path, protocol: str = "published") -> Outcome:
    """Drive the dialogue to its end."""
    agent, reader = make_agent(name, protocol, folder), Reader(texts)
    question = sample(options=("red", "blue", "green", "black"))
    try:
        record = answer(reader, agent, question, Pictures(folder / "images"))
    except ScriptEnded:
        return Outcome("ended", None, len(reader.requests), [])
    tools = [turn.tool for turn in record.turns if turn.tool]
    boxes = [list(tool.box) for tool in tools if tool.box]
    sizes = [list(Image.open(folder / "media" / image).size) for tool in tools for image in tool.images]
    status = {"ok": "success"}.get(record.status, record.status)
    right = record.answer if record.status == "ok" else None
    return Outcome(status, right, len(record.turns), boxes if name == "deepeyes" else sizes)
