"""Prompt files: what each role is told, read from YAML, never typed into code.

The official prompts are extracted from the paper's pinned code into this schema; the miniature
brings its own wording. ``{question}`` and ``{options}`` are filled here; other placeholders
(``{image_path}``, ``{width}``, ``{height}``) by the agent that owns the prompt.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from speceyes.border import plain, problem, reason
from speceyes.documents import DocumentError, read_yaml
from speceyes.records.samples import Sample

# What each template is given.
GIVEN = {"question": ("question",), "question_with_options": ("question", "options")}
ADVICE = "run the rule download_prompts or set prompts: in the config"


class PromptError(Exception):
    """A prompt file that cannot be used; the message names file and key."""


class Prompt(BaseModel):
    """One role's wording: the system message (may be empty) and the text that follows the question.

    A role may put the question in its own words; else the file's are used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str = ""
    user: str
    question: str | None = None
    question_with_options: str | None = None

    @field_validator("question", "question_with_options")
    @classmethod
    def _is_a_template(cls, template: str | None, info: ValidationInfo) -> str | None:
        return template if template is None else _checked_template(template, info.field_name or "")


def _checked_template(template: str, field: str) -> str:
    """A template in which everything that it is given stands, and that asks for nothing else."""
    given = {name: f"\0{name}\0" for name in GIVEN[field]}
    try:
        filled = template.format(**given)
    except Exception as error:  # braces may ask for attributes, items and formats that do not exist
        names = " and ".join(f"{{{name}}}" for name in given)
        raise ValueError(f"not a template of {names} ({reason(error)})") from error
    for name, mark in given.items():
        if mark not in filled:
            raise ValueError(f"the template lacks {{{name}}}")
    return template


class PromptFile(BaseModel):
    """All wording of one model: how a question is put, and one :class:`Prompt` per role.

    Roles: ``answer`` (the draft's one-pass answer), ``screening`` (would tools help?), ``agent``
    (the tool loop), ``verify`` (SpecReason's 0-9 score).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    question_with_options: str
    roles: dict[str, Prompt]

    @field_validator("question", "question_with_options")
    @classmethod
    def _is_a_template(cls, template: str, info: ValidationInfo) -> str:
        return _checked_template(template, info.field_name or "")

    def question_text(self, sample: Sample, role: str | None = None) -> str:
        """The question as the model reads it, in a role's own words if it has some; options one per line, lettered."""
        own = self.roles.get(role) if role else None
        if not sample.options:
            return ((own and own.question) or self.question).format(question=sample.question)
        template = (own and own.question_with_options) or self.question_with_options
        options = "\n" + "".join(f"{line}\n" for line in sample.lettered_options)
        return template.format(question=sample.question, options=options)


def load_prompts(path: Path, roles: Collection[str] = ()) -> PromptFile:
    """Read one prompt file that has at least the given roles.

    Raises:
        PromptError: missing file, broken YAML, a missing or unknown key, a missing role.
    """
    try:
        prompts = PromptFile.model_validate(read_yaml(path))
    except DocumentError as error:
        raise PromptError(f"{error}; {ADVICE}") from error
    except ValidationError as error:
        raise PromptError(f"{plain(path)}: {problem(error, 'file')}") from error
    for role in roles:
        if role not in prompts.roles:
            raise PromptError(f"{path}: roles: {role!r} is missing, found {', '.join(sorted(prompts.roles))}")
    return prompts
