"""Thyme: think, write image code, see what it makes, answer; all in one growing assistant turn.

The protocol is the published one (docs/protocol.md): the prompt names the image's path and size; a
``<code>`` block is run in the sandbox; its pictures or its text come back inside
``<sandbox_output>`` and the model goes on writing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from speceyes.agents.base import Episode
from speceyes.agents.dialogue import (
    ROLES,
    answer_text,
    episode_record,
    generation_turn,
    questions_and_system,
    verify_messages,
)
from speceyes.engines.base import Generation, Message, Part, Request
from speceyes.prompts import load_prompts
from speceyes.records.media import MediaStore
from speceyes.records.samples import Sample
from speceyes.records.types import AgentRecord, ToolUse, Turn
from speceyes.sandbox import INPUT_PATH, Sandbox, SandboxResult, SandboxSettings

CODE = re.compile(r"<code>(.*?)</code>", re.DOTALL)
FENCE = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)```", re.DOTALL)
MAX_SHOWN_TEXT = 2000


class Settings(BaseModel):
    """The published limits (docs/protocol.md, generation settings)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_iterations: int = Field(5, gt=0, description="Generations before the episode ends without an answer.")
    max_new_tokens: int = Field(2048, gt=0, description="Tokens per generation.")
    screening_max_new_tokens: int = Field(10, gt=0, description="Tokens of a screening verdict.")
    stop: tuple[str, ...] = Field(("</code>", "</answer>"), description="Strings that end a generation.")
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


class Thyme:
    """The registered agent: prompts, settings and sandbox shared by its episodes."""

    Settings: ClassVar[type[BaseModel]] = Settings

    def __init__(self, prompt_file: Path, settings: dict[str, Any], media_dir: Path) -> None:
        self.settings = Settings.model_validate(settings)
        self.prompts = load_prompts(prompt_file, ROLES)
        self.media = MediaStore(media_dir)
        self.executor: Executor = Sandbox(self.settings.sandbox)

    def screen_request(self, sample: Sample, image: Image.Image) -> Request:
        """Phase I: one short generation, "no" meaning that tools are not needed."""
        role = self.prompts.roles["screening"]
        messages = questions_and_system(role.system, image, self.prompts.question_text(sample) + role.user)
        return Request(messages, self.settings.screening_max_new_tokens, self.settings.stop)

    def start(self, sample: Sample, image: Image.Image, image_path: Path) -> ThymeEpisode:
        """A fresh episode."""
        return ThymeEpisode(self, sample, image, image_path)

    def verify_request(self, episode: Episode, proposal: Generation) -> Request:
        """SpecReason: the history, the proposed step, and the question for a score."""
        role = self.prompts.roles["verify"]
        return Request(verify_messages(role, episode.request().messages, proposal.text), max_new_tokens=10)

    def instruction(self, image: Image.Image) -> str:
        """The agent's prompt with the path and the size that code will find."""
        text = self.prompts.roles["agent"].user.replace("{image_path}", INPUT_PATH)
        return text.replace("{width}", str(image.width)).replace("{height}", str(image.height))


class ThymeEpisode:
    """One sample's growing turn."""

    def __init__(self, agent: Thyme, sample: Sample, image: Image.Image, image_path: Path) -> None:
        self.turns: list[Turn] = []
        self._agent = agent
        self._sample = sample
        self._image_path = image_path
        self._status: Literal["running", "ok", "no_answer", "repeats_itself"] = "running"
        question = agent.prompts.question_text(sample, "agent") + agent.instruction(image)
        self._opening = questions_and_system(agent.prompts.roles["agent"].system, image, question)
        self._written: list[Part] = []

    @property
    def finished(self) -> bool:
        return self._status != "running" or len(self.turns) >= self._agent.settings.max_iterations

    def request(self) -> Request:
        settings = self._agent.settings
        turn = (Message("assistant", tuple(self._written)),) if self._written else ()
        return Request((*self._opening, *turn), settings.max_new_tokens, settings.stop)

    def advance(self, generation: Generation, score: int | None = None) -> None:
        tool, shown = self._run(generation.text)
        self._take(generation, generation_turn(generation, "agent", tool, score), shown)

    def advance_unseen(self, generation: Generation, score: int) -> None:
        tool, _ = self._run(generation.text)
        self._take(generation, generation_turn(generation, "agent", tool, score), ())

    def accept_step(self, generation: Generation, score: int) -> None:
        self._take(generation, generation_turn(generation, "draft", None, score), ())

    def execute_step(self, generation: Generation, score: int) -> None:
        tool, shown = self._run(generation.text)
        self._take(generation, generation_turn(generation, "draft", tool, score), shown)

    def _take(self, generation: Generation, turn: Turn, shown: tuple[Part, ...] | None) -> None:
        """Let the turn grow; ``shown`` is what the sandbox returns, None when a failure leaves no trace."""
        self.turns.append(turn)
        if answer_text(turn.text) is not None:
            self._status = "ok"
        elif shown is None:
            # Greedy decoding on an unchanged history writes the same failing code again.
            self._status = "repeats_itself"
        elif not shown and generation.stop_reason != "stop_string":
            self._status = "no_answer"
        else:
            self._written += [turn.text, *shown]

    def _run(self, text: str) -> tuple[ToolUse | None, tuple[Part, ...] | None]:
        """Run the text's code, if there is any; what the model gets to see of it."""
        code = extract_code(text)
        if code is None:
            return None, ()
        result = self._agent.executor.run(code, self._image_path)
        use = ToolUse(
            name="code",
            arguments=code,
            status="ok" if result.status == "ok" else _STATUS.get(result.status, "failed"),
            detail=result.error,
            output=result.stdout[:MAX_SHOWN_TEXT],
            images=tuple(self._agent.media.keep(image) for image in result.images),
            latency_s=result.seconds,
        )
        if result.status == "ok":
            returned: tuple[Part, ...] = result.images or (result.stdout[:MAX_SHOWN_TEXT].strip(),)
            return use, ("<sandbox_output>", *returned, "</sandbox_output>")
        if self._agent.settings.on_error == "tell" and not self._failed_before():
            return use, ("<sandbox_output>", f"Error: {result.error}", "</sandbox_output>")
        return use, None

    def _failed_before(self) -> bool:
        return any(turn.tool is not None and turn.tool.status != "ok" for turn in self.turns)

    def record(self) -> AgentRecord:
        return episode_record(
            self._sample.sample_id, self.turns, "no_answer" if self._status == "running" else self._status
        )


_STATUS: dict[str, Literal["timeout", "refused"]] = {"timeout": "timeout", "refused": "refused"}
