"""What every agent's dialogue shares: how it opens, where its answer stands, how it is screened and verified."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, cast

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from speceyes.agents.base import Loop, Task, Verification
from speceyes.engines.base import Message, Opens, Request
from speceyes.prompts import Prompt, load_prompts
from speceyes.records.media import MediaStore
from speceyes.records.samples import Sample

Protocol = Literal["published", "corrected"]
ROLES = ("screening", "agent", "verify")
ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)

StopStrings = tuple[Annotated[str, Field(min_length=1)], ...]


class DialogueSettings(BaseModel):
    """Limits of a dialogue's generations."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_new_tokens: int = Field(512, gt=0, description="Tokens per generation.")
    screening_max_new_tokens: int = Field(10, gt=0, description="Tokens of a screening answer.")
    stop: StopStrings = Field(("</answer>",), description="Strings that end a generation.")


S = TypeVar("S", bound=DialogueSettings)


class DialogueAgent(ABC, Generic[S]):
    """All of an agent but its loop: prompts, settings and pictures, screening and verification in the prompts' words.

    Raises:
        PromptError: the prompt file cannot be used or lacks one of :data:`ROLES`.
    """

    Settings: ClassVar[type[BaseModel]] = DialogueSettings

    def __init__(self, prompt_file: Path, settings: dict[str, Any], media_dir: Path) -> None:
        self.settings = cast("S", self.Settings.model_validate(settings))
        self.prompts = load_prompts(prompt_file, ROLES)
        self.media = MediaStore(media_dir)

    def check_machine(self) -> None:
        """Most agents run their tools anywhere."""

    @abstractmethod
    def episode(self, task: Task) -> Loop:
        """The loop on one sample."""

    @property
    def verification(self) -> Verification:
        return Verification(self.prompts.roles["verify"])

    def screen_request(self, sample: Sample, image: Image.Image) -> Request:
        role = self.prompts.roles["screening"]
        messages = questions_and_system(role.system, image, self.prompts.question_text(sample) + role.user)
        return Request(messages, self.settings.screening_max_new_tokens, self.settings.stop)

    def opening(self, task: Task) -> tuple[Message, ...]:
        """The loop's first messages: the agent's system prompt, then picture, question and instruction."""
        text = self.prompts.question_text(task.sample, "agent") + self.instruction(task)
        return questions_and_system(self.prompts.roles["agent"].system, task.image, text)

    def instruction(self, task: Task) -> str:  # noqa: ARG002 - some agents name the picture in it
        """What follows the question."""
        return self.prompts.roles["agent"].user

    def request(self, messages: Sequence[Message], opens: Opens = "auto") -> Request:
        """The next generation of the loop."""
        return Request(tuple(messages), self.settings.max_new_tokens, self.settings.stop, opens=opens)


def questions_and_system(system: str, image: Image.Image, text: str) -> tuple[Message, ...]:
    """System message, if there is one, and the user's picture with its question."""
    opening = (Message("system", (system,)),) if system else ()
    return (*opening, Message("user", (image, text)))


def answer_text(text: str) -> str | None:
    """What stands between the answer tags, or None without them."""
    found = ANSWER.search(text)
    return found[1].strip() if found else None


def last_answer(text: str) -> str:
    """What a loop's last text answers: what stands between the answer tags, all of it without them."""
    tagged = answer_text(text)
    return text if tagged is None else tagged


def verify_messages(role: Prompt, history: Sequence[Message], step: str) -> tuple[Message, ...]:
    """A history under the verifier's system prompt, a proposed step as the assistant's, the question for a score."""
    messages = [message for message in history if message.role != "system"]
    if messages[-1].role == "assistant":
        messages[-1] = Message("assistant", (*messages[-1].parts, step))
    else:
        messages.append(Message("assistant", (step,)))
    system = (Message("system", (role.system,)),) if role.system else ()
    return (*system, *messages, Message("user", (role.user,)))
