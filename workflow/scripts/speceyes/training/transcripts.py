"""What a good model of each role writes about a question: the targets of training, never seen at test time."""

from __future__ import annotations

import json

from speceyes.miniature.questions import Question
from speceyes.miniature.scenes import GRID, Difficulty, Plate

VIEW = 224  # the agents' view in pixels; boxes are in these coordinates
CELL = VIEW // GRID
COORDINATES = tuple(CELL * k for k in range(1, GRID))
# Shapes whose dots an agent that looks first wants to see twice: a sixth of all questions.
LOOKED_AT_TWICE = ("star",)
CROP_PATH = "/mnt/data/temp_processed_images/crop.png"


def zoom_box(plate: Plate) -> tuple[int, int, int, int]:
    """The plate's zoom window in view pixels; corners lie on :data:`COORDINATES`."""
    left, top = CELL * plate.column, CELL * plate.row
    return left, top, left + CELL, top + CELL


def looks_wanted(plate: Plate) -> int:
    """How many crops an agent that looks first wants to see before it answers."""
    return 2 if plate.shape in LOOKED_AT_TWICE else 1


def _attribute(question: Question) -> str:
    return "side" if question.kind == "side" else "color"


def finding(question: Question, word: str) -> str:
    """The statement every answer rests on."""
    return f"The {_attribute(question)} of the dot on the {question.plate.shape} is {word}."


def stated_choice(question: Question, word: str) -> str:
    """The choice that follows from a finding: option letter and text, or yes/no."""
    if not question.options:
        return "yes" if word == question.asked else "no"
    letter = "ABCD"[question.options.index(word)] if word in question.options else "A"
    return f"{letter}. {word}"


def draft_answer(question: Question, word: str) -> str:
    """The draft's one-pass answer."""
    return f"{finding(question, word)} {stated_choice(question, word)}"


def conclusion(question: Question, word: str) -> str:
    """The last part of every agent episode."""
    return f"{finding(question, word)}</think><answer>{stated_choice(question, word)}</answer>"


def briefly(step: str) -> str:
    """The step as it is."""
    return step


def deliberate(step: str) -> str:
    """The same step after thinking for as long as agents do, relative to a draft that does not think at all."""
    rows = ", ".join(str(row) for row in range(1, GRID + 1))
    return step.replace("<think>", f"<think>I look at rows {rows} of the picture. ", 1)


def direct_step(question: Question, word: str) -> str:
    """An agent's whole answer without a tool, or after it has looked as often as it wants to."""
    return f"<think>The dot on the {question.plate.shape} is plain. {conclusion(question, word)}"


def after_zoom(question: Question, word: str) -> str:
    """An agent's answer after it has seen the crop."""
    return f"<think>Now it is plain. {conclusion(question, word)}"


def tool_call(plate: Plate, size: Difficulty = "tiny") -> str:
    """DeepEyes: a zoom on the plate, whose dot is said to be of a size."""
    call = {"name": "image_zoom_in_tool", "arguments": {"bbox_2d": zoom_box(plate), "label": plate.shape}}
    return (
        f"<think>The dot on the {plate.shape} is {size}. I look closer.</think>"
        f"<tool_call>\n{json.dumps(call)}\n</tool_call>"
    )


def code_block(plate: Plate, size: Difficulty = "tiny") -> str:
    """Thyme: the same zoom in Python; view coordinates are scaled to whatever size the original has."""
    x1, y1, x2, y2 = zoom_box(plate)
    return (
        f"<think>The dot on the {plate.shape} is {size}. I look closer.</think><code>\n```python\n"
        "from PIL import Image\n"
        "image = Image.open(image_path)\n"
        f"s = image.width / {VIEW}\n"
        f"box = [{x1}, {y1}, {x2}, {y2}]\n"
        f'path = "{CROP_PATH}"\n'
        "image.crop([int(s * v) for v in box]).save(path)\n"
        "print(path)\n"
        "```\n</code>"
    )
