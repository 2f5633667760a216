"""What an agent is: a model, a prompt file and an episode that turns generations into the next request.

An agent is one module here (or in your own package) named in the config as ``package.module:Class``.
The episode form lets the same code serve the baseline, the funnel's fallback, and SpecReason, where
a draft model proposes the step that :meth:`Episode.request` asks for.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Protocol

from PIL import Image
from pydantic import BaseModel

from speceyes.engines.base import Generation, Request
from speceyes.records.samples import Sample
from speceyes.records.types import AgentRecord, Turn


class Episode(Protocol):
    """One agent at work on one sample: ask :meth:`request`, answer with :meth:`advance`, until finished."""

    turns: list[Turn]

    @property
    def finished(self) -> bool:
        """True once there is an answer, or the loop is over without one."""
        ...

    def request(self) -> Request:
        """The next generation the agent needs; history is part of it."""
        ...

    def advance(self, generation: Generation, score: int | None = None) -> None:
        """Take the agent's own generation: run its tool call or code, show the result, note an answer.

        ``score`` is SpecReason's verdict on the draft's proposal that this generation replaces.
        """
        ...

    def advance_unseen(self, generation: Generation, score: int) -> None:
        """As :meth:`advance`, but what the tool returns is thrown away (SpecReason as published)."""
        ...

    def accept_step(self, generation: Generation, score: int) -> None:
        """Take a draft's step as it is, its tool call not executed (SpecReason as published)."""
        ...

    def execute_step(self, generation: Generation, score: int) -> None:
        """Take a draft's step, run its tool call and show the result (SpecReason, corrected)."""
        ...

    def record(self) -> AgentRecord:
        """The episode as a record; its latency is the sum of its turns and tools."""
        ...


class Agent(Protocol):
    """A registered agent. Constructed once per job as ``Class(prompt_file, settings, media_dir)``."""

    Settings: ClassVar[type[BaseModel]]

    def __init__(self, prompt_file: Path, settings: dict[str, Any], media_dir: Path) -> None: ...

    def screen_request(self, sample: Sample, image: Image.Image) -> Request:
        """Phase I: would tools help? One short generation."""
        ...

    def start(self, sample: Sample, image: Image.Image, image_path: Path) -> Episode:
        """A fresh episode on one sample."""
        ...

    def verify_request(self, episode: Episode, proposal: Generation) -> Request:
        """SpecReason: ask for a 0-9 score of a proposed next step."""
        ...


def load_agent(spec: str) -> type[Agent]:
    """The agent class named ``package.module:Class``.

    Raises:
        ValueError: the name does not lead to a class; the message says which part failed.
    """
    module_name, _, class_name = spec.partition(":")
    try:
        found = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"agent class {spec!r}: {error}; write it as package.module:Class") from error
    agent: type[Agent] = found
    return agent
