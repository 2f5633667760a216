"""Thyme: think, write image code, see what it makes, answer; all in one growing assistant turn.

The protocol is the published one (docs/protocol.md): the prompt names the image's path and size; a
``<code>`` block is run in the sandbox; its pictures or its text come back inside
``<sandbox_output>`` and the model goes on writing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, Field

from speceyes.agents.base import Ending, Loop, Step, Task, Verification
from speceyes.agents.dialogue import DialogueAgent, DialogueSettings, StopStrings, answer_text, last_answer
from speceyes.engines.base import Message, Part
from speceyes.records.types import ToolUse
from speceyes.sandbox import INPUT_PATH, Sandbox, SandboxResult, SandboxSettings

CODE = re.compile(r"<code>(.*?)</code>", re.DOTALL)
FENCE = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)```", re.DOTALL)
MAX_SHOWN_TEXT = 2000


class Settings(DialogueSettings):
    """The published limits (docs/protocol.md, generation settings)."""

    max_iterations: int = Field(5, gt=0, description="Generations before the episode ends without an answer.")
    max_new_tokens: int = Field(2048, gt=0, description="Tokens per generation.")
    stop: StopStrings = Field(("</code>", "</answer>"), description="Strings that end a generation.")
    on_error: Literal["ignore", "tell"] = Field(
        "ignore",
        description="ignore: failed code leaves no trace in the history (published); tell: the error is shown.",
    )
    sandbox: SandboxSettings = Field(default_factory=SandboxSettings, description="Limits of model-written code.")


class Executor(Protocol):
    """Whatever runs model-written code."""

    def run(self, code: str, image_path: Path) -> SandboxResult: ...


def extract_code(text: str) -> str | None:
    """The Python of the first code block (its fence, if it has one), or None without a block."""
    block = CODE.search(text)
    if block is None:
        return None
    fenced = FENCE.search(block[1])
    return fenced[1] if fenced else block[1].strip()


class Thyme(DialogueAgent[Settings]):
    """The registered agent, with the sandbox that its episodes share."""

    Settings: ClassVar[type[BaseModel]] = Settings

    def __init__(self, prompt_file: Path, settings: dict[str, Any], media_dir: Path) -> None:
        super().__init__(prompt_file, settings, media_dir)
        self.executor: Executor = Sandbox(self.settings.sandbox)

    @property
    def verification(self) -> Verification:
        return replace(super().verification, final_answer=_step_with_answer)

    def instruction(self, task: Task) -> str:
        """The agent's prompt with the path and the size that code will find."""
        text = super().instruction(task).replace("{image_path}", INPUT_PATH)
        return text.replace("{width}", str(task.image.width)).replace("{height}", str(task.image.height))

    def episode(self, task: Task) -> Loop:
        """Let the assistant's turn grow by text and by what its code returns, until there is an answer."""
        opening = self.opening(task)
        written: list[Part] = []
        told = False
        for _ in range(self.settings.max_iterations):
            step = yield self.request((*opening, Message("assistant", tuple(written))) if written else opening)
            result = self._run(step, task)
            if (answer := answer_text(step.text)) is not None:
                return Ending("ok", answer)
            if result is None:
                if step.generation.stop_reason != "stop_string":
                    return Ending("no_answer", step.text)
                shown: tuple[Part, ...] = ()
            elif result.status == "ok":
                shown = _output(*(result.images or (result.stdout[:MAX_SHOWN_TEXT].strip(),)))
            elif self.settings.on_error == "tell" and not told:
                shown, told = _output(f"Error: {result.error}"), True
            else:
                # Greedy decoding on an unchanged history writes the same failing code again.
                return Ending("repeats_itself", step.text)
            written += [step.text, *shown]
        return Ending("no_answer", last_answer(step.text))

    def _run(self, step: Step, task: Task) -> SandboxResult | None:
        """Run the step's code, if there is any, and note it in the step."""
        code = extract_code(step.text)
        if code is None:
            return None
        result = self.executor.run(code, task.image_path)
        step.tool = ToolUse(
            name="code",
            arguments=code,
            status=_STATUS.get(result.status, "failed"),
            detail=result.error,
            output=result.stdout[:MAX_SHOWN_TEXT],
            images=tuple(self.media.keep(image) for image in result.images),
            latency_s=result.seconds,
        )
        return result


def _step_with_answer(text: str) -> str | None:
    """The published port of SpecReason ends Thyme at the word, tags or not, and takes the whole step (rule S5)."""
    return text if "answer" in text else None


def _output(*returned: Part) -> tuple[Part, ...]:
    return ("<sandbox_output>", *returned, "</sandbox_output>")


_STATUS: dict[str, Literal["ok", "timeout", "refused"]] = {"ok": "ok", "timeout": "timeout", "refused": "refused"}
