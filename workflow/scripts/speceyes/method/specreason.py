"""SpecReason, the step-level peer: the draft proposes a step, the agent's model scores it, good steps are kept.

Two variants. ``published`` is the port that the paper compares with: an accepted step's tool call is
never executed, and what a rejected step's replacement sees through its tool is thrown away.
``corrected`` executes both and shows the results.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from speceyes.agents.base import Agent, Episode
from speceyes.agents.run import failed, start_episode
from speceyes.engines.base import Engine, Generation
from speceyes.images import ImageError
from speceyes.records.samples import Sample
from speceyes.records.types import AgentRecord

Variant = Literal["published", "corrected"]
DIGIT = re.compile(r"[0-9]")


class Settings(BaseModel):
    """The port's settings (docs/protocol.md)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_from: int = Field(7, ge=0, le=9, description="Steps with at least this score are kept.")
    max_steps: int = Field(6, gt=0, description="Steps before the episode ends without an answer.")


@dataclass(frozen=True, slots=True)
class StepPolicy:
    """What happens to an accepted step of the draft and to the agent's own step after a rejection."""

    accepted: Callable[[Episode, Generation, int], None]
    replaced: Callable[[Episode, Generation, int], None]


POLICIES: dict[Variant, StepPolicy] = {
    "published": StepPolicy(
        accepted=lambda episode, step, score: episode.accept_step(step, score),
        replaced=lambda episode, step, score: episode.advance_unseen(step, score),
    ),
    "corrected": StepPolicy(
        accepted=lambda episode, step, score: episode.execute_step(step, score),
        replaced=lambda episode, step, score: episode.advance(step, score),
    ),
}


def read_score(text: str) -> int:
    """The first digit of a verifier's reply; none is 0."""
    found = DIGIT.search(text)
    return int(found[0]) if found else 0


@dataclass(frozen=True, slots=True)
class SpecReason:
    """The method with its two engines."""

    draft: Engine
    agent_engine: Engine
    agent: Agent
    policy: StepPolicy
    settings: Settings

    def answer(self, sample: Sample, images_dir: Path) -> AgentRecord:
        """One sample; a turn's latency includes proposing and scoring, tokens count everything generated."""
        try:
            episode = start_episode(self.agent, sample, images_dir)
        except ImageError as error:
            return failed(sample, str(error))
        tokens = 0
        for _ in range(self.settings.max_steps):
            if episode.finished:
                break
            tokens += self._step(episode)
        return episode.record().model_copy(update={"generated_tokens": tokens})

    def _step(self, episode: Episode) -> int:
        """Propose, score, keep or replace; returns the tokens generated."""
        request = episode.request()
        (proposal,) = self.draft.generate([request])
        (verdict,) = self.agent_engine.generate([self.agent.verify_request(episode, proposal)])
        score = read_score(verdict.text)
        spent = proposal.latency_s + verdict.latency_s
        tokens = len(proposal.token_ids) + len(verdict.token_ids)
        if score >= self.settings.keep_from:
            self.policy.accepted(episode, replace(proposal, latency_s=spent), score)
            return tokens
        (own,) = self.agent_engine.generate([request])
        self.policy.replaced(episode, replace(own, latency_s=spent + own.latency_s), score)
        return tokens + len(own.token_ids)
