"""What a scorer is: a rule that decides or asks, and a reader of the judge's reply."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from speceyes.judging.questions import Judged
from speceyes.prompts import PromptError

ScorerName = Literal["published", "corrected"]


@dataclass(frozen=True, slots=True)
class AskJudge:
    """The rule cannot tell; ``gold`` is the right answer as this scorer shows it to the judge."""

    gold: str


class Scorer(Protocol):
    """One way of scoring, rule for rule."""

    @property
    def name(self) -> ScorerName: ...

    def decide(self, question: Judged) -> bool | AskJudge:
        """Right, wrong, or a question for the judge."""
        ...

    def read_reply(self, question: Judged, reply: str) -> bool | None:
        """Right, wrong, or None for a reply that says neither."""
        ...


class JudgePrompts(BaseModel):
    """One template per benchmark with ``{question}``, ``{gold}`` and ``{answer}``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vstar: str
    hrbench: str
    pope: str

    def render(self, question: Judged, gold: str) -> str:
        template: str = getattr(self, question.benchmark, self.vstar)
        filled = {"question": question.question, "gold": gold, "answer": question.answer}
        for key, value in filled.items():
            template = template.replace("{" + key + "}", value.replace("{", "(").replace("}", ")"))
        return template


def load_judge_prompts(path: Path) -> JudgePrompts:
    """Read the judge's prompt file.

    Raises:
        PromptError: missing file, broken YAML, a missing or unknown key.
    """
    try:
        return JudgePrompts.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise PromptError(
            f"{path}: {error.strerror}; run the rule download_prompts or set prompts: in the config"
        ) from error
    except (yaml.YAMLError, ValidationError) as error:
        raise PromptError(f"{path}: {str(error).splitlines()[0]}") from error
