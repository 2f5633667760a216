"""DeepEyes' corrected loop: a call that cannot be run is answered by the instruction, and the dialogue goes on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from PIL import Image
from pydantic import BaseModel, ValidationError

from speceyes.agents.base import Ending, Loop, Task
from speceyes.agents.dialogue import answer_text, last_answer
from speceyes.engines.base import Message
from speceyes.engines.tool_calls import TOOL_CALL
from speceyes.records.types import Box, ToolUse

if TYPE_CHECKING:
    from speceyes.agents.deepeyes import DeepEyes


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
    if isinstance(data, dict) and isinstance(data.get("name"), str) and data["name"] != "image_zoom_in_tool":
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


def corrected(agent: DeepEyes, task: Task) -> Loop:
    """Zoom and look again until there is an answer between its tags, or the generations are used up."""
    messages = list(agent.opening(task))
    for _ in range(agent.settings.max_generations):
        step = yield agent.request(messages)
        messages.append(Message("assistant", (step.text,)))
        step.tool, crop = _zoom(agent, task.image, step.text)
        if crop is not None:
            messages.append(agent.response(crop, task))
        elif (answer := answer_text(step.text)) is not None:
            return Ending("ok", answer)
        else:
            messages.append(Message("user", (agent.instruction(task),)))
    return Ending("no_answer", last_answer(step.text))


def _zoom(agent: DeepEyes, image: Image.Image, text: str) -> tuple[ToolUse | None, Image.Image | None]:
    """The tool call in a turn's text, if there is one, and the crop it gives."""
    found = TOOL_CALL.search(text)
    if found is None:
        return None, None
    call = found[1].strip()
    try:
        box = original_box(parse_call(call), agent.view(image), image.size, agent.settings.min_crop_side)
    except ToolCallError as error:
        return agent.refuse(call, error.status, str(error)), None
    return agent.zoom(image, call, box)
