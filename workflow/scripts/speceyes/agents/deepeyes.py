"""DeepEyes: think, zoom into the picture with a tool, look again, answer.

The turn protocol (docs/protocol.md): the system prompt declares ``image_zoom_in_tool``; a ``<tool_call>``
is answered by a user turn that holds the crop; a turn with neither a call nor an answer is followed by
the instruction again. ``deepeyes_published`` and ``deepeyes_corrected`` say what happens to texts that do
not follow it.
"""

from __future__ import annotations

import time
from typing import ClassVar

from PIL import Image
from pydantic import BaseModel, Field

from speceyes.agents.base import Loop, Task
from speceyes.agents.deepeyes_corrected import corrected
from speceyes.agents.deepeyes_published import published
from speceyes.agents.dialogue import DialogueAgent, DialogueSettings, Protocol, StopStrings
from speceyes.engines.base import Message
from speceyes.images import ImageSettings, fitted_size
from speceyes.records.types import Box, ToolStatus, ToolUse

TOOL = "image_zoom_in_tool"
LOOPS = {"published": published, "corrected": corrected}


class DeepEyesSettings(DialogueSettings):
    """The published limits (docs/protocol.md, generation settings)."""

    protocol: Protocol = Field("published", description="Which loop; the study's own unless set here.")
    max_generations: int = Field(6, gt=0, description="Generations before the episode ends without an answer.")
    min_crop_side: int = Field(
        2, gt=0, description="Corrected: crops with a shorter side, in original pixels, are degenerate."
    )
    stop: StopStrings = Field(("</tool_call>", "</answer>"), description="Strings that end a generation.")
    image: ImageSettings = Field(default_factory=ImageSettings, description="The view in which boxes are given.")


class DeepEyes(DialogueAgent[DeepEyesSettings]):
    """The registered agent."""

    Settings: ClassVar[type[BaseModel]] = DeepEyesSettings

    def episode(self, task: Task) -> Loop:
        """The loop of the protocol set."""
        return LOOPS[self.settings.protocol](self, task)

    def view(self, image: Image.Image) -> tuple[int, int]:
        """Width and height at which the model sees the picture, in whose pixels it gives boxes."""
        return fitted_size(*image.size, self.settings.image)

    def zoom(self, image: Image.Image, call: str, box: Box) -> tuple[ToolUse, Image.Image]:
        """The crop of a box in the original's pixels, kept, and the call that asked for it."""
        started = time.perf_counter()
        crop = image.crop(box)
        seconds = time.perf_counter() - started
        name = self.media.keep(crop)
        return ToolUse(name=TOOL, arguments=call, status="ok", box=box, images=(name,), latency_s=seconds), crop

    def refuse(self, call: str, status: ToolStatus, detail: str) -> ToolUse:
        """A call that cannot be run."""
        return ToolUse(name=TOOL, arguments=call, status=status, detail=detail)

    def response(self, crop: Image.Image, task: Task) -> Message:
        """The user turn that shows a crop, the instruction with it."""
        return Message("user", ("<tool_response>", crop, self.instruction(task), "</tool_response>"))
