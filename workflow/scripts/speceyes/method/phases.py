"""What the method asks its models, phase by phase: the live funnel, the clock and questions under load ask alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from speceyes.agents.base import Agent
from speceyes.agents.run import answer
from speceyes.engines.base import Engine
from speceyes.images import Pictures
from speceyes.method.draft import Drafter, DraftSettings
from speceyes.method.model_pass import ModelPass
from speceyes.method.screening import screen
from speceyes.prompts import load_prompts
from speceyes.records.samples import Sample
from speceyes.records.types import AgentRecord, DraftRecord, ScreenRecord


@dataclass(frozen=True, slots=True)
class Phases:
    """The models with what they are asked.

    Args:
        screening_engine: the model that screens.
        agent_engine: the agent's model.
        agent: the agent, which also says what screening asks.
        drafter: the draft model with its prompts.
    """

    screening_engine: Engine
    agent_engine: Engine
    agent: Agent
    drafter: Drafter

    def screen(self, samples: Sequence[Sample], pictures: Pictures) -> list[ScreenRecord]:
        """Phase I on one batch."""
        return screen(self.screening_engine, self.agent, samples, pictures)

    def draft(self, samples: Sequence[Sample], pictures: Pictures) -> list[DraftRecord]:
        """Phase II on one batch."""
        return self.drafter.answer(samples, pictures) if samples else []

    def fall_back(self, sample: Sample, pictures: Pictures) -> AgentRecord:
        """Phase IV, the whole agent loop."""
        return answer(self.agent_engine, self.agent, sample, pictures)


def phases_of(here: ModelPass, draft: Engine, model: Engine) -> Phases:
    """The phases of a job.

    Args:
        here: a job with the prompts ``prompts`` and ``draft_prompts`` and the settings ``agent``, ``draft`` and
            ``screening``.
        draft: its draft model.
        model: its agent's model.

    Raises:
        PromptError: the draft's prompt file lacks a role.
    """
    settings = here.job.settings
    prompts = load_prompts(here.inputs["draft_prompts"])
    return Phases(
        screening_engine=draft if settings["screening"] == "draft" else model,
        agent_engine=model,
        agent=here.agent(),
        drafter=Drafter(draft, prompts, DraftSettings.model_validate(settings["draft"])),
    )
