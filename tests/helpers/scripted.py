"""An engine that says what a test wants and remembers what it was asked; prompts, and a sample to ask about."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from speceyes.engines.base import Generation, Request, StopReason
from speceyes.records.samples import Sample
from speceyes.sandbox import SandboxResult
from speceyes.sandbox.settings import Status

SECONDS = 0.5
PROMPTS = """\
question: "Q: {question}\\n"
question_with_options: "Q: {question} {options}"
roles:
  screening: {system: Judge., user: "Tools?"}
  agent: {system: Work., user: "Think. {image_path}"}
  verify: {system: Score., user: "0 to 9?"}
"""
STOPS = ("</tool_call>", "</code>", "</answer>")


def said(text: str, tokens: int = 3, stop_reason: StopReason | None = None) -> Generation:
    """A generation of so many tokens in :data:`SECONDS`, ended by a stop string if the text ends with one."""
    ended: StopReason = "stop_string" if text.endswith(STOPS) else "end_of_text"
    return Generation(text, tuple(range(tokens)), ("t",) * tokens, 9, stop_reason or ended, SECONDS)


def sure(text: str, margin: float, tokens: int = 3) -> Generation:
    """A draft's answer whose first token stands ``margin`` nats above seven others, each a little apart."""
    row = -np.concatenate([[0.0], margin + np.linspace(0, 1, 7)]).astype(np.float32)
    return Generation(text, tuple(range(tokens)), ("t",) * tokens, 9, "end_of_text", SECONDS, np.tile(row, (tokens, 1)))


class ScriptedEngine:
    """Answers with its script, in order; a script that ends too early or is left over fails the test."""

    def __init__(self, *script: str | Generation) -> None:
        self.script = [line if isinstance(line, Generation) else said(line) for line in script]
        self.requests: list[Request] = []
        self.batches: list[int] = []

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        self.requests += requests
        self.batches.append(len(requests))
        assert len(self.script) >= len(requests), "the script has no more lines"
        return [self.script.pop(0) for _ in requests]


class Parrot:
    """Gives the same answer to every request."""

    def __init__(self, text: str) -> None:
        self.line = said(text)

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        return [self.line] * len(requests)


def sample(number: int = 0, image: str = "picture.png", options: tuple[str, ...] = ("red", "blue")) -> Sample:
    """A question about a stored picture."""
    return Sample(
        sample_id=f"bench/split/{number:04}",
        benchmark="bench",
        split="split",
        question="Which colour has the star?",
        options=options,
        gold=options[0] if options else "yes",
        gold_letter="A" if options else "",
        category="",
        image=image,
        image_id="0",
        width=560,
        height=280,
    )


def store_picture(folder: Path, size: tuple[int, int] = (560, 280)) -> Image.Image:
    """A picture whose every pixel tells where it lies: red runs across it, green down it."""
    image, stored = _picture(size)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "picture.png").write_bytes(stored)
    (folder / "torn.png").write_bytes(stored[:60])
    return image.copy()


@cache
def _picture(size: tuple[int, int]) -> tuple[Image.Image, bytes]:
    """The picture and its file: compressing it takes longer than most dialogues about it."""
    width, height = size
    across = np.tile(np.arange(width) * 255 // max(1, width - 1), (height, 1))
    down = np.tile((np.arange(height) * 255 // max(1, height - 1))[:, None], (1, width))
    image = Image.fromarray(np.stack([across, down, np.zeros_like(down)], axis=2).astype(np.uint8))
    file = io.BytesIO()
    image.save(file, format="PNG", compress_level=1)
    return image, file.getvalue()


class ScriptedSandbox:
    """Returns its results in order and remembers the code and the picture it was given."""

    def __init__(self, *results: SandboxResult) -> None:
        self.results = list(results)
        self.calls: list[tuple[str, Path]] = []

    def run(self, code: str, image_path: Path) -> SandboxResult:
        self.calls.append((code, image_path))
        return self.results.pop(0)


def ran(stdout: str = "", *images: Image.Image) -> SandboxResult:
    """Code that went well."""
    return SandboxResult("ok", stdout, "", images, 0.25)


def broke(error: str = "NameError: name 'x' is not defined", status: Status = "failed") -> SandboxResult:
    """Code that did not."""
    return SandboxResult(status, "", error, (), 0.25)
