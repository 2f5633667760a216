"""Any served model whose server calls functions (OpenAI's tool calls), in DeepEyes' place: it may zoom, then answers.

A call is answered by a tool message and, since those hold no pictures, by a user's message with the crop. A reply
without a call is the answer: what stands between ``<answer>`` tags, all of it without them.
"""

from __future__ import annotations

import time
from typing import ClassVar, Literal

from PIL import Image
from pydantic import BaseModel, Field

from speceyes.agents.base import Ending, Loop, Task
from speceyes.agents.deepeyes_corrected import ToolCallError, original_box, parse_call
from speceyes.agents.dialogue import DialogueAgent, DialogueSettings, last_answer
from speceyes.engines.base import Message, Request, Tool
from speceyes.engines.tool_calls import TOOL_CALL
from speceyes.images import ImageSettings, fitted_size
from speceyes.records.types import ToolUse

NAME = "image_zoom_in_tool"
THOUSANDTHS = (1000, 1000)


class FunctionCallerSettings(DialogueSettings):
    """Limits of the loop, and how boxes are given."""

    max_generations: int = Field(6, gt=0, description="Generations before the episode ends without an answer.")
    min_crop_side: int = Field(2, gt=0, description="Crops with a shorter side, in original pixels, are refused.")
    boxes: Literal["pixels", "thousandths"] = Field(
        "pixels", description="Corners in the pixels of the view (Qwen2.5-VL) or in 1/1000 of its sides (Qwen3-VL)."
    )
    image: ImageSettings = Field(default_factory=ImageSettings, description="The view in which boxes are given.")


class FunctionCaller(DialogueAgent[FunctionCallerSettings]):
    """The registered agent."""

    Settings: ClassVar[type[BaseModel]] = FunctionCallerSettings
    calls_functions: ClassVar[bool] = True

    def episode(self, task: Task) -> Loop:
        """Zoom as often as the model calls for it, until a reply has no call or the generations are used up."""
        messages = list(self.opening(task))
        tools = (_zoom_tool(self._view(task.image)),)
        for _ in range(self.settings.max_generations):
            step = yield Request(tuple(messages), self.settings.max_new_tokens, self.settings.stop, tools=tools)
            found = TOOL_CALL.search(step.text)
            if found is None:
                return Ending("ok", last_answer(step.text))
            messages.append(Message("assistant", (step.text,)))
            step.tool, crop = self._zoom(task.image, found[1].strip())
            if crop is None:
                messages.append(Message("tool", (f"Error: {step.tool.detail}",)))
            else:
                messages += [Message("tool", ("The next message shows the crop.",)), Message("user", (crop,))]
        return Ending("no_answer", last_answer(step.text))

    def _view(self, image: Image.Image) -> tuple[int, int]:
        """Width and height in whose units boxes are given."""
        return THOUSANDTHS if self.settings.boxes == "thousandths" else fitted_size(*image.size, self.settings.image)

    def _zoom(self, image: Image.Image, call: str) -> tuple[ToolUse, Image.Image | None]:
        """What came of a call, and the crop that it gives."""
        try:
            box = original_box(parse_call(call), self._view(image), image.size, self.settings.min_crop_side)
        except ToolCallError as error:
            return ToolUse(name=NAME, arguments=call, status=error.status, detail=str(error)), None
        started = time.perf_counter()
        crop = image.crop(box)
        seconds = time.perf_counter() - started
        kept = (self.media.keep(crop),)
        return ToolUse(name=NAME, arguments=call, status="ok", box=box, images=kept, latency_s=seconds), crop


def _zoom_tool(view: tuple[int, int]) -> Tool:
    """The tool as it is declared for one picture."""
    corners = {
        "type": "array",
        "items": {"type": "number"},
        "minItems": 4,
        "maxItems": 4,
        "description": f"[x1, y1, x2, y2]: left, top, right, bottom, in a picture of {view[0]} x {view[1]}.",
    }
    label = {"type": "string", "description": "What is looked for."}
    parameters = {"type": "object", "properties": {"bbox_2d": corners, "label": label}, "required": ["bbox_2d"]}
    return Tool(NAME, "Shows a part of the picture from close by.", parameters)
