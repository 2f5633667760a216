"""The judge's wording: one template per benchmark, read from the study's prompt folder."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from speceyes.border import plain, problem
from speceyes.documents import DocumentError, read_yaml
from speceyes.judging.questions import Judged
from speceyes.judging.scorers import AskJudge
from speceyes.prompts import ADVICE, PromptError

PLACEHOLDER = re.compile(r"\{(question|gold|answer)\}")


class JudgePrompts(BaseModel):
    """One template per benchmark with ``{question}``, ``{gold}`` and ``{answer}``, and a system message or none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str = ""
    vstar: str
    hrbench: str
    pope: str

    @field_validator("vstar", "hrbench", "pope")
    @classmethod
    def _has_all_placeholders(cls, template: str) -> str:
        missing = {"question", "gold", "answer"} - set(PLACEHOLDER.findall(template))
        if missing:
            raise ValueError(f"the template lacks {', '.join(f'{{{name}}}' for name in sorted(missing))}")
        return template

    @property
    def probe(self) -> str:
        """A prompt like any other, for a case that leaves no doubt."""
        question = Judged("vstar", "What is the color of the ball?", ("red", "blue"), "red", "A", "It is red.")
        return self.render(question, AskJudge("A. red", question.answer))

    def render(self, question: Judged, ask: AskJudge) -> str:
        """The judge's message; a benchmark of one's own gets V*'s wording if it has options, else POPE's."""
        own = {"vstar": self.vstar, "hrbench": self.hrbench, "pope": self.pope}.get(question.benchmark)
        template = own or (self.vstar if question.options else self.pope)
        filled = {"question": question.question, "gold": ask.gold, "answer": ask.answer}
        return PLACEHOLDER.sub(lambda found: filled[found[1]], template)


def load_judge_prompts(path: Path) -> JudgePrompts:
    """Read the judge's prompt file.

    Raises:
        PromptError: missing file, broken YAML, a missing or unknown key, a template without a placeholder.
    """
    try:
        return JudgePrompts.model_validate(read_yaml(path))
    except DocumentError as error:
        raise PromptError(f"{error}; {ADVICE}") from error
    except ValidationError as error:
        raise PromptError(f"{plain(path)}: {problem(error, 'file')}") from error
