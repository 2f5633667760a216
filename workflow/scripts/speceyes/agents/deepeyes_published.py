"""DeepEyes' published loop, as the paper's code runs it, errors included (docs/protocol.md, rules D1 to D6)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from speceyes.agents.base import Ending, Loop, StepError, Task, between_tags
from speceyes.engines.base import Message, Opens
from speceyes.records.types import Box

if TYPE_CHECKING:
    from speceyes.agents.deepeyes import DeepEyes


def published(agent: DeepEyes, task: Task) -> Loop:
    """Zoom and look again until an answer is begun; too many generations are an error (D6)."""
    instruction = agent.instruction(task)
    messages = list(agent.opening(task))
    opens: Opens = "auto"
    for _ in range(agent.settings.max_generations):
        step = yield agent.request(messages, opens)
        messages.append(Message("assistant", (step.text,)))
        opens = "auto"
        call = _call(step.text)
        if call is None:
            messages.append(Message("user", (instruction,)))
        elif (arguments := _json(call)) is _NOT_JSON:
            # D2: the instruction stands in the history as the assistant's own words.
            step.tool = agent.refuse(call, "malformed", "not JSON")
            messages.append(Message("assistant", (instruction,)))
            opens = "reply"
        else:
            try:
                box = _box(arguments, agent.view(task.image), task.image.size)
            except StepError as error:
                step.tool = agent.refuse(call, "malformed", str(error))
                raise
            step.tool, crop = agent.zoom(task.image, call, box)
            messages.append(agent.response(crop, task))
        if "<answer>" in step.text:  # D5: begun is enough, and a call in the same text was run
            answer = between_tags(step.text)
            return Ending("ok", step.text if answer is None else answer)
    return Ending("error", "", f"no answer after {agent.settings.max_generations} generations")


_NOT_JSON = object()


def _call(text: str) -> str | None:
    """D1: what follows the first opening tag, up to the next tag of a call or, unclosed, to the end."""
    if "<tool_call>" not in text:
        return None
    return text.split("<tool_call>", 2)[1].partition("</tool_call>")[0].strip()


def _json(call: str) -> Any:
    """The call's value, or ``_NOT_JSON``.

    Raises:
        StepError: JSON that Python's parser gives up on: too deep, or a number with too many digits.
    """
    try:
        return json.loads(call)
    except json.JSONDecodeError:
        return _NOT_JSON
    except (ValueError, RecursionError) as error:
        raise StepError(f"the call cannot be parsed: {type(error).__name__}") from error


def _box(call: Any, view: tuple[int, int], size: tuple[int, int]) -> Box:
    """D3 and D4: nothing of a call is looked at but its four numbers; scaled, cut to whole pixels, clipped.

    Raises:
        StepError: a missing key, no four numbers, or a box that leaves no area.
    """
    across, down = size[0] / view[0], size[1] / view[1]
    try:
        x1, y1, x2, y2 = call["arguments"]["bbox_2d"]
        left, top = max(0, int(x1 * across)), max(0, int(y1 * down))
        right, bottom = min(size[0], int(x2 * across)), min(size[1], int(y2 * down))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise StepError(f"the call has no arguments.bbox_2d of four numbers: {type(error).__name__}") from error
    if right <= left or bottom <= top:
        raise StepError(f"box {[x1, y1, x2, y2]} leaves nothing of the {view[0]} x {view[1]} view")
    return left, top, right, bottom
