"""What an agent is: a prompt file, a screening question, and a loop that is one generator.

An agent is one module here (or in your own package) named in the config as ``package.module:Class``.
Its loop yields requests and is sent steps; whoever drives it decides which model writes a step, so
the baseline, the funnel's fallback and SpecReason run the same loop, and many loops can be driven
side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from PIL import Image
from pydantic import BaseModel

from speceyes.engines.base import Generation, Request
from speceyes.plugins import load_class
from speceyes.prompts import Prompt
from speceyes.records.samples import Sample
from speceyes.records.types import AgentStatus, ToolUse


@dataclass(frozen=True, slots=True)
class Task:
    """One sample with its picture, decoded in RGB and as the file that code may read."""

    sample: Sample
    image: Image.Image
    image_path: Path


@dataclass(slots=True)
class Step:
    """What a loop is sent for its request: a text, and who wrote it.

    ``tool`` is for the loop to set: the tool call or code in the text and what came of it.
    ``score`` is SpecReason's 0-9 score of the draft's proposal, None without one.
    """

    generation: Generation
    author: Literal["agent", "draft"] = "agent"
    score: int | None = None
    tool: ToolUse | None = None

    @property
    def text(self) -> str:
        """The text generated."""
        return self.generation.text


@dataclass(frozen=True, slots=True)
class Ending:
    """How a loop ends: the record's status and answer, and with status ``error`` a line that says why."""

    status: AgentStatus
    answer: str
    error: str = ""


class StepError(Exception):
    """A step at which the published loop breaks: raised by a loop, it ends the sample as an error; says why."""


AGENT_PARTS = ("Settings", "check_machine", "screen_request", "episode", "verification")
Loop = Generator[Request, Step, Ending]


def between_tags(text: str) -> str | None:
    """What the published code takes for an answer: where both tags stand in a text, what follows the first opening."""
    if "<answer>" not in text or "</answer>" not in text:
        return None
    after = text.partition("<answer>")[2].partition("<answer>")[0]
    return after.partition("</answer>")[0].strip()


@dataclass(frozen=True, slots=True)
class Verification:
    """What SpecReason asks an agent for.

    ``prompt`` words the question for a step's 0-9 score; ``final_answer`` is the answer that the
    published port ends with at a step, None where it goes on.
    """

    prompt: Prompt
    final_answer: Callable[[str], str | None] = between_tags


class Agent(Protocol):
    """A registered agent. Constructed once per job as ``Class(prompt_file, settings, media_dir)``.

    :class:`speceyes.agents.dialogue.DialogueAgent` has all of it but the loop.
    """

    Settings: ClassVar[type[BaseModel]]

    def __init__(self, prompt_file: Path, settings: dict[str, Any], media_dir: Path) -> None: ...

    def check_machine(self) -> None:
        """Asked before a model is loaded: refuse a machine on which the agent's tools cannot run.

        Raises:
            Exception: of any type; its message is one line that says what is missing.
        """
        ...

    def screen_request(self, sample: Sample, image: Image.Image) -> Request:
        """Phase I: would tools help? One short generation."""
        ...

    def episode(self, task: Task) -> Loop:
        """The loop on one sample: ``step = yield request`` until it returns its ending. It asks at least once."""
        ...

    @property
    def verification(self) -> Verification:
        """SpecReason: how a proposed step is scored, and which step is the last."""
        ...


def told_settings(agent: type[Agent], settings: Mapping[str, Any], **told: Any) -> dict[str, Any]:
    """An agent's settings, and beside them whatever of ``told`` the agent has a field for."""
    return dict(settings) | {name: value for name, value in told.items() if name in agent.Settings.model_fields}


def calls_functions(agent: type[Agent]) -> bool:
    """Whether an agent's requests offer tools, which not every engine takes; its class says so by this name."""
    return bool(getattr(agent, "calls_functions", False))


def load_agent(spec: str) -> type[Agent]:
    """The agent class named ``package.module:Class``.

    Raises:
        ValueError: the name does not lead to a class; the message says which part failed.
    """
    found: type[Agent] = load_class(spec, "agent class", AGENT_PARTS)
    return found
