"""How a stage asks a model for text: requests in, generations out, whatever runs underneath."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from speceyes.engines.settings import EngineSettings
from speceyes.records.batches import BatchTooLargeError

Role = Literal["system", "user", "assistant", "tool"]
Part = str | Image.Image
Opens = Literal["auto", "reply", "nothing"]
StopReason = Literal["end_of_text", "stop_string", "length"]

LONG_RUN, SHORTEST_RUN = 16, 4  # tokens; a text shorter than the first is one run from its start


class EngineError(Exception):
    """A model that cannot be loaded or asked; the message names it and says what to do."""


class OutOfMemoryError(EngineError, BatchTooLargeError):
    """The memory does not suffice for a batch; it may for a smaller one."""


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message: text and images in reading order."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def images(self) -> tuple[Image.Image, ...]:
        return tuple(part for part in self.parts if not isinstance(part, str))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a served model may call; ``parameters`` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One greedy generation.

    ``opens`` says where the text goes: ``auto`` continues the last message where it is the
    assistant's (Thyme's sandbox output stands inside a turn) and else opens an assistant turn;
    ``reply`` opens one after whatever message stands last; ``nothing`` leaves the prompt without a
    generation prompt, so that the model itself has to open one. Generation ends at the model's
    end-of-text tokens, unless those are ignored, at the first of ``stop`` (kept in the text), or
    after ``max_new_tokens``. ``top_k`` > 0 asks for that many largest log-probabilities per token.
    A call of one of ``tools`` stands in the text as ``<tool_call>{"name": ..., "arguments": ...}</tool_call>``.
    """

    messages: tuple[Message, ...]
    max_new_tokens: int
    stop: tuple[str, ...] = ()
    top_k: int = 0
    opens: Opens = "auto"
    ignore_end_of_text: bool = False
    tools: tuple[Tool, ...] = ()

    @property
    def pictures(self) -> list[Image.Image]:
        """The pictures of all messages, in order."""
        return [image for message in self.messages for image in message.images]

    @property
    def continues(self) -> bool:
        """Whether the model goes on writing the last message."""
        return self.opens == "auto" and self.messages[-1].role == "assistant"


@dataclass(frozen=True, slots=True)
class Generation:
    """What came back for one request.

    ``text`` has special tokens removed; ``token_ids`` and ``tokens`` exclude end-of-text and
    padding and may be empty. ``top_logprobs`` is float32 of shape (tokens, top_k), sorted in
    descending order, or ``None`` when not asked for. ``latency_s`` is the batch's wall-clock
    seconds divided by its size, image preprocessing included.
    """

    text: str
    token_ids: tuple[int, ...]
    tokens: tuple[str, ...]
    prompt_tokens: int
    stop_reason: StopReason
    latency_s: float
    top_logprobs: npt.NDArray[np.float32] | None = field(default=None, compare=False)

    @property
    def stuck(self) -> bool:
        """Whether the text ends at its limit in a long run of one token, or is nothing but such a run."""
        units: Sequence[object] = self.token_ids or self.tokens
        last_ones = units[-LONG_RUN:]
        return self.stop_reason == "length" and len(last_ones) >= SHORTEST_RUN and len(set(last_ones)) == 1


class Engine(Protocol):
    """Anything that answers requests: a transformers model in process, a server, a script in a test."""

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        """Answer all requests as one batch, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job opens a model: the model's folder, the GPUs that the job holds, and the job's log.

    What an engine writes besides lies next to the log.
    """

    model: Path
    gpus: int
    log: Path


class EngineType(Protocol):
    """A registered kind of engine. Its module is read with the configuration: import what is heavy in ``open``."""

    Settings: ClassVar[type[EngineSettings]]

    @staticmethod
    def open(settings: Any, place: Place) -> AbstractContextManager[Engine]:
        """A model that can be asked as long as the context lasts; ``settings`` is an instance of ``Settings``.

        Raises:
            EngineError: the model cannot be used; one line that says why and what to do.
        """
        ...
