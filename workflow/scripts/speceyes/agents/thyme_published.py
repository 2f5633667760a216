"""Thyme's published loop, as the paper's code runs it, errors included (docs/protocol.md, rules T1 to T9)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from speceyes.agents.base import Ending, Loop, Task, between_tags
from speceyes.engines.base import Opens, Part
from speceyes.images import open_image

if TYPE_CHECKING:
    from speceyes.agents.thyme import Thyme


def published(agent: Thyme, task: Task) -> Loop:
    """Let the assistant's turn grow until a text ends with its answer; any other end is an error (T5)."""
    with _picture_as_sent(agent, task) as sent:
        return (yield from _loop(agent, sent))


def _loop(agent: Thyme, task: Task) -> Loop:
    opening = agent.opening(task)
    written: list[Part] = []
    opens: Opens = "auto"
    for _ in range(agent.settings.max_iterations):
        step = yield agent.continuation(opening, written, opens)
        text = step.text.rstrip()
        if text.endswith("</answer>"):
            answer = between_tags(text)
            return Ending("error", "", "</answer> without <answer>") if answer is None else Ending("ok", answer)
        _, tag, block = text.partition("<code>")
        if not (tag and block.endswith("</code>")):
            return Ending("error", "", "neither code nor an answer at the end of a text")
        result = agent.run_code(step, agent.unfenced(block.removesuffix("</code>")), task)
        if result.status == "ok" and (result.images or result.stdout.strip()):
            written += [step.text, *agent.output(result)]
            opens = "auto"
        elif not written:
            # T2: without a turn to go on with, the prompt ends with the user's and opens none.
            opens = "nothing"
    return Ending("error", "", f"no answer after {agent.settings.max_iterations} iterations")


@contextmanager
def _picture_as_sent(agent: Thyme, task: Task) -> Iterator[Task]:
    """T9: pictures that lie in a table reach model and code as a JPEG file, others as they are stored."""
    parts = agent.settings.published
    if parts.jpeg_quality is None or task.sample.benchmark not in parts.jpeg_benchmarks:
        yield task
        return
    with TemporaryDirectory(prefix="picture-") as folder:
        path = Path(folder, "picture.jpg")
        task.image.save(path, quality=parts.jpeg_quality)
        yield replace(task, image=open_image(path), image_path=path)
