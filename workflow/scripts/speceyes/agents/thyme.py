"""Thyme: think, write image code, see what it makes, answer; all in one growing assistant turn.

The turn protocol (docs/protocol.md): the prompt names the image's path and size; a ``<code>`` block is
run in the sandbox; its pictures or its text come back inside ``<sandbox_output>`` and the model goes on
writing. ``thyme_published`` and ``thyme_corrected`` say what happens to code that fails and to
texts that do not follow it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal
from typing import Protocol as TypingProtocol

from pydantic import BaseModel, ConfigDict, Field

from speceyes.agents.base import Loop, Step, Task, Verification
from speceyes.agents.dialogue import DialogueAgent, DialogueSettings, Protocol, StopStrings
from speceyes.agents.thyme_corrected import corrected
from speceyes.agents.thyme_published import published
from speceyes.engines.base import Message, Opens, Part, Request
from speceyes.records.types import ToolUse
from speceyes.sandbox import (
    INPUT_PATH,
    Execution,
    Sandbox,
    SandboxResult,
    SandboxSettings,
)

LOOPS = {"published": published, "corrected": corrected}
FENCE = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
MAX_SHOWN_TEXT = 2000


class PublishedParts(BaseModel):
    """Parts of the published environment that can be switched off one by one (docs/protocol.md, T8 and T9)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    two_namespaces: bool = Field(
        True, description="Names that code defines at its top are invisible inside functions and comprehensions."
    )
    jpeg_quality: int | None = Field(
        95, ge=1, le=100, description="Pictures of jpeg_benchmarks are encoded anew; null leaves them as stored."
    )
    jpeg_benchmarks: tuple[str, ...] = Field(
        ("hrbench", "pope"), description="Benchmarks whose pictures lie inside tables and are written to files first."
    )


class ThymeSettings(DialogueSettings):
    """The published limits (docs/protocol.md, generation settings)."""

    protocol: Protocol = Field("published", description="Which loop; the study's own unless set here.")
    max_iterations: int = Field(5, gt=0, description="Generations before the episode ends without an answer.")
    max_new_tokens: int = Field(2048, gt=0, description="Tokens per generation.")
    stop: StopStrings = Field(("</code>", "</answer>"), description="Strings that end a generation.")
    on_error: Literal["ignore", "tell"] = Field(
        "ignore",
        description="Corrected: ignore lets failed code leave no trace in the history; tell shows the error once.",
    )
    published: PublishedParts = Field(default_factory=PublishedParts, description="Parts of the published protocol.")
    sandbox: SandboxSettings = Field(default_factory=SandboxSettings, description="Limits of model-written code.")


class Executor(TypingProtocol):
    """Whatever runs model-written code."""

    def check_machine(self) -> None: ...

    def run(self, code: str, image_path: Path) -> SandboxResult: ...


class Thyme(DialogueAgent[ThymeSettings]):
    """The registered agent, with the sandbox that its episodes share."""

    Settings: ClassVar[type[BaseModel]] = ThymeSettings

    def __init__(self, prompt_file: Path, settings: dict[str, Any], media_dir: Path) -> None:
        super().__init__(prompt_file, settings, media_dir)
        published_code = Execution("published", self.settings.published.two_namespaces)
        execution = published_code if self.settings.protocol == "published" else Execution()
        self.executor: Executor = Sandbox(self.settings.sandbox, execution)

    def check_machine(self) -> None:
        """Model-written code must run somewhere.

        Raises:
            SandboxUnavailableError: the sandbox cannot isolate code here.
        """
        self.executor.check_machine()

    @property
    def verification(self) -> Verification:
        return replace(super().verification, final_answer=_step_with_answer)

    def instruction(self, task: Task) -> str:
        """The agent's prompt with the path and the size that code will find."""
        text = super().instruction(task).replace("{image_path}", INPUT_PATH)
        return text.replace("{width}", str(task.image.width)).replace("{height}", str(task.image.height))

    def episode(self, task: Task) -> Loop:
        """The loop of the protocol set."""
        return LOOPS[self.settings.protocol](self, task)

    def continuation(self, opening: tuple[Message, ...], written: list[Part], opens: Opens = "auto") -> Request:
        """The next generation: the assistant's turn as far as it is written, to be gone on with."""
        return self.request((*opening, Message("assistant", tuple(written))) if written else opening, opens)

    def run_code(self, step: Step, code: str, task: Task) -> SandboxResult:
        """Run the code of a step's text and note it in the step."""
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

    def output(self, result: SandboxResult) -> tuple[Part, ...]:
        """What the model is shown of code that went well: its pictures, or else its text."""
        return self.shown(*(result.images or (result.stdout[:MAX_SHOWN_TEXT].strip(),)))

    def shown(self, *parts: Part) -> tuple[Part, ...]:
        """Parts as the sandbox's output inside the assistant's turn."""
        return ("<sandbox_output>", *parts, "</sandbox_output>")

    def unfenced(self, block: str) -> str:
        """The Python of a code block: what its first fence holds, in any case, closed or not; else all of it."""
        fenced = FENCE.search(block)
        return fenced[1] if fenced else block.strip()


def _step_with_answer(text: str) -> str | None:
    """The published port of SpecReason ends Thyme at the word, tags or not, and takes the whole step (rule S5)."""
    return text if "answer" in text else None


_STATUS: dict[str, Literal["ok", "timeout"]] = {"ok": "ok", "timeout": "timeout"}
