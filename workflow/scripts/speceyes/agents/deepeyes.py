"""DeepEyes: think, zoom into the picture with a tool, look again, answer.

The turn protocol is the published one (docs/protocol.md): the system prompt declares
``image_zoom_in_tool``; a ``<tool_call>`` is answered by a user turn that holds the crop; a turn with
neither a call nor an answer is followed by the instruction again.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from speceyes.agents.base import Episode
from speceyes.agents.dialogue import (
    ROLES,
    answer_text,
    episode_record,
    generation_turn,
    questions_and_system,
    verify_messages,
)
from speceyes.engines.base import Generation, Message, Request
from speceyes.images import ImageSettings, fitted_size
from speceyes.prompts import load_prompts
from speceyes.records.media import MediaStore
from speceyes.records.samples import Sample
from speceyes.records.types import AgentRecord, Box, ToolUse, Turn

TOOL = "image_zoom_in_tool"
TOOL_CALL = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)


class Settings(BaseModel):
    """The published limits (docs/protocol.md, generation settings)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_generations: int = Field(6, gt=0, description="Generations before the episode ends without an answer.")
    max_new_tokens: int = Field(512, gt=0, description="Tokens per generation.")
    screening_max_new_tokens: int = Field(10, gt=0, description="Tokens of a screening verdict.")
    min_crop_side: int = Field(2, gt=0, description="Crops with a shorter side, in original pixels, are degenerate.")
    stop: tuple[str, ...] = Field(("</tool_call>", "</answer>"), description="Strings that end a generation.")
    image: ImageSettings = Field(default_factory=ImageSettings, description="The view in which boxes are given.")


class _Arguments(BaseModel):
    bbox_2d: tuple[float, float, float, float]
    label: str | None = None


class _Call(BaseModel):
    name: Literal["image_zoom_in_tool"]
    arguments: _Arguments


class ToolCallError(Exception):
    """A tool call that cannot be run; ``status`` is the record's word for why."""

    def __init__(
        self, status: Literal["malformed", "unknown_tool", "box_outside", "box_degenerate"], detail: str
    ) -> None:
        super().__init__(detail)
        self.status = status


def parse_call(text: str) -> tuple[float, float, float, float]:
    """The box of a zoom call, in the view's pixels.

    Raises:
        ToolCallError: not JSON, another tool, or arguments that are not four finite numbers.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ToolCallError("malformed", f"not JSON: {error}") from error
    if isinstance(data, dict) and isinstance(data.get("name"), str) and data["name"] != TOOL:
        raise ToolCallError("unknown_tool", f"no tool named {data['name'][:40]!r}")
    try:
        box = _Call.model_validate(data).arguments.bbox_2d
    except ValidationError as error:
        first = error.errors()[0]
        raise ToolCallError("malformed", f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if not all(abs(value) < 1e9 for value in box):
        raise ToolCallError("malformed", "bbox_2d: not finite")
    return box


def original_box(box: Sequence[float], view: tuple[int, int], size: tuple[int, int], min_side: int) -> Box:
    """A view's box in the original's whole pixels, clipped to it.

    Raises:
        ToolCallError: it lies outside the image, or what is left has a side under ``min_side``.
    """
    across, down = size[0] / view[0], size[1] / view[1]
    x1, y1, x2, y2 = box[0] * across, box[1] * down, box[2] * across, box[3] * down
    if x2 <= x1 or y2 <= y1:
        raise ToolCallError("box_degenerate", f"box {list(box)} has no area")
    if x2 <= 0 or y2 <= 0 or x1 >= size[0] or y1 >= size[1]:
        raise ToolCallError("box_outside", f"box {list(box)} lies outside the {view[0]} x {view[1]} view")
    left, top = max(0, int(x1)), max(0, int(y1))
    right, bottom = min(size[0], int(x2)), min(size[1], int(y2))
    if right - left < min_side or bottom - top < min_side:
        raise ToolCallError(
            "box_degenerate", f"box {list(box)} leaves a crop of {right - left} x {bottom - top} pixels"
        )
    return left, top, right, bottom


class DeepEyes:
    """The registered agent: prompts and settings shared by its episodes."""

    Settings: ClassVar[type[BaseModel]] = Settings

    def __init__(self, prompt_file: Path, settings: dict[str, Any], media_dir: Path) -> None:
        self.settings = Settings.model_validate(settings)
        self.prompts = load_prompts(prompt_file, ROLES)
        self.media = MediaStore(media_dir)

    def screen_request(self, sample: Sample, image: Image.Image) -> Request:
        """Phase I: one short generation, "no" meaning that tools are not needed."""
        role = self.prompts.roles["screening"]
        messages = questions_and_system(role.system, image, self.prompts.question_text(sample) + role.user)
        return Request(messages, self.settings.screening_max_new_tokens, self.settings.stop)

    def start(self, sample: Sample, image: Image.Image, image_path: Path) -> DeepEyesEpisode:  # noqa: ARG002 - the tool crops the image itself
        """A fresh episode."""
        return DeepEyesEpisode(self, sample, image)

    def verify_request(self, episode: Episode, proposal: Generation) -> Request:
        """SpecReason: the history, the proposed step, and the question for a score."""
        role = self.prompts.roles["verify"]
        return Request(verify_messages(role, episode.request().messages, proposal.text), max_new_tokens=10)


class DeepEyesEpisode:
    """One sample's dialogue."""

    def __init__(self, agent: DeepEyes, sample: Sample, image: Image.Image) -> None:
        self.turns: list[Turn] = []
        self._agent = agent
        self._sample = sample
        self._image = image
        self._answered = False
        role = agent.prompts.roles["agent"]
        self._instruction = role.user
        self._messages = list(questions_and_system(role.system, image, agent.prompts.question_text(sample) + role.user))

    @property
    def finished(self) -> bool:
        return self._answered or len(self.turns) >= self._agent.settings.max_generations

    def request(self) -> Request:
        settings = self._agent.settings
        return Request(tuple(self._messages), settings.max_new_tokens, settings.stop)

    def advance(self, generation: Generation, score: int | None = None) -> None:
        tool, crop = self._zoom(generation.text)
        self._take(generation_turn(generation, "agent", tool, score), crop)

    def advance_unseen(self, generation: Generation, score: int) -> None:
        tool, _ = self._zoom(generation.text)
        self._take(generation_turn(generation, "agent", tool, score), None)

    def accept_step(self, generation: Generation, score: int) -> None:
        self._take(generation_turn(generation, "draft", None, score), None)

    def execute_step(self, generation: Generation, score: int) -> None:
        tool, crop = self._zoom(generation.text)
        self._take(generation_turn(generation, "draft", tool, score), crop)

    def _take(self, turn: Turn, crop: Image.Image | None) -> None:
        self.turns.append(turn)
        self._messages.append(Message("assistant", (turn.text,)))
        if crop is not None:
            self._messages.append(Message("user", ("<tool_response>", crop, self._instruction, "</tool_response>")))
        elif answer_text(turn.text) is not None:
            self._answered = True
        else:
            self._messages.append(Message("user", (self._instruction,)))

    def _zoom(self, text: str) -> tuple[ToolUse | None, Image.Image | None]:
        """The tool call in a turn's text, if there is one, and the crop it gives."""
        found = TOOL_CALL.search(text)
        if found is None:
            return None, None
        started = time.perf_counter()
        try:
            view = fitted_size(*self._image.size, self._agent.settings.image)
            box = original_box(parse_call(found[1]), view, self._image.size, self._agent.settings.min_crop_side)
        except ToolCallError as error:
            return ToolUse(name=TOOL, arguments=found[1].strip(), status=error.status, detail=str(error)), None
        crop = self._image.crop(box)
        seconds = time.perf_counter() - started
        name = self._agent.media.keep(crop)
        use = ToolUse(name=TOOL, arguments=found[1].strip(), status="ok", box=box, images=(name,), latency_s=seconds)
        return use, crop

    def record(self) -> AgentRecord:
        return episode_record(self._sample.sample_id, self.turns, "ok" if self._answered else "no_answer")
