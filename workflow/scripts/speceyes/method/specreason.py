"""SpecReason, the step-level peer: the draft proposes a step, the agent's model scores it, good steps are kept.

Two variants, as there are two protocols. :class:`PublishedSpecReason` is the port that the paper compares with
(docs/protocol.md, SpecReason): its history is text alone, an accepted step's tool call is never
executed and what a replacement's tool returns is thrown away. :class:`CorrectedSpecReason` drives the agent's
own loop, which runs every step's tool call and shows the result.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from speceyes.agents.base import Agent, Ending, Step, StepError, Task
from speceyes.agents.dialogue import verify_messages
from speceyes.agents.run import Episode, episode_record, failed, read_task
from speceyes.agents.side_by_side import Conversation, alone
from speceyes.engines.base import Engine, Message, Request
from speceyes.images import ImageError, Pictures
from speceyes.records.samples import Sample
from speceyes.records.types import AgentRecord

Variant = Literal["published", "corrected"]
DIGIT = re.compile(r"[0-9]")
SCORE_TOKENS = 10


class SpecReasonSettings(BaseModel):
    """The port's settings (docs/protocol.md)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_from: int = Field(7, ge=0, le=9, description="Steps with at least this score are kept.")
    max_steps: int = Field(6, gt=0, description="Steps before the episode ends without an answer.")


def read_score(text: str) -> int:
    """The first digit of a verifier's reply; none is 0."""
    found = DIGIT.search(text)
    return int(found[0]) if found else 0


@dataclass(frozen=True, slots=True)
class SpecReason(ABC):
    """The method with its two engines; a turn's latency includes proposing and scoring."""

    draft: Engine
    agent_engine: Engine
    agent: Agent
    settings: SpecReasonSettings

    def answer(self, sample: Sample, pictures: Pictures) -> AgentRecord:
        """One sample, alone."""
        return alone(self.answering(sample, pictures))

    def answering(self, sample: Sample, pictures: Pictures) -> Conversation[AgentRecord]:
        """One sample; the record's tokens count everything generated, what was not kept included."""
        try:
            task = read_task(sample, pictures)
        except ImageError as error:
            return failed(sample, str(error))
        record, tokens = yield from self._run(task)
        return record.model_copy(update={"generated_tokens": tokens})

    @abstractmethod
    def _run(self, task: Task) -> Conversation[tuple[AgentRecord, int]]:
        """One sample's record, and the tokens generated."""

    def _next_step(self, request: Request, verify: Callable[[str], Request]) -> Conversation[tuple[Step, int]]:
        """Propose, score, keep or replace; the step and the tokens generated."""
        proposal = yield self.draft, request
        scored = yield self.agent_engine, verify(proposal.text)
        score = read_score(scored.text)
        spent = proposal.latency_s + scored.latency_s
        tokens = len(proposal.token_ids) + len(scored.token_ids)
        if score >= self.settings.keep_from:
            return Step(replace(proposal, latency_s=spent), "draft", score), tokens
        own = yield self.agent_engine, request
        return Step(replace(own, latency_s=spent + own.latency_s), "agent", score), tokens + len(own.token_ids)


class CorrectedSpecReason(SpecReason):
    """Steps of the agent's own loop: every tool call is run and its result shown."""

    def _run(self, task: Task) -> Conversation[tuple[AgentRecord, int]]:
        episode, tokens = Episode(task.sample.sample_id, self.agent.episode(task)), 0
        for _ in range(self.settings.max_steps):
            if episode.finished:
                break
            step, spent = yield from self._next_step(episode.request, self._verify(episode.request))
            episode.take(step)
            tokens += spent
        return episode.record(), tokens

    def _verify(self, request: Request) -> Callable[[str], Request]:
        prompt = self.agent.verification.prompt
        return lambda text: Request(verify_messages(prompt, request.messages, text), SCORE_TOKENS)


class PublishedSpecReason(SpecReason):
    """The paper's port: one text of steps, no tool output in it (docs/protocol.md, rules S1 to S6)."""

    def _run(self, task: Task) -> Conversation[tuple[AgentRecord, int]]:
        first = next(self.agent.episode(task))
        steps: list[Step] = []
        tokens = 0
        ending = Ending("error", "", f"no answer after {self.settings.max_steps} steps")
        for _ in range(self.settings.max_steps):
            request = self._request(first, steps)
            step, spent = yield from self._next_step(request, self._verify(request))
            steps.append(step)
            tokens += spent
            try:
                self._run_replacement(task, step)
            except StepError as error:
                ending = Ending("error", "", str(error))
                break
            if (answer := self.agent.verification.final_answer(step.text)) is not None:
                ending = Ending("ok", answer)
                break
        return episode_record(task.sample.sample_id, steps, ending), tokens

    def _request(self, first: Request, steps: list[Step]) -> Request:
        """S1: after the opening all steps are one closed assistant message, joined by newlines."""
        if not steps:
            return first
        history = Message("assistant", ("\n".join(step.text for step in steps),))
        return replace(first, messages=(*first.messages, history), opens="reply")

    def _verify(self, request: Request) -> Callable[[str], Request]:
        """S2 and S4: the step is an assistant message of its own; a score is ten tokens, whatever stands in them."""
        role = self.agent.verification.prompt
        system = (Message("system", (role.system,)),) if role.system else ()
        history = tuple(message for message in request.messages if message.role != "system")

        def ask(text: str) -> Request:
            asked = (*system, *history, Message("assistant", (text,)), Message("user", (role.user,)))
            return Request(asked, SCORE_TOKENS, ignore_end_of_text=True)

        return ask

    def _run_replacement(self, task: Task, step: Step) -> None:
        """S3: a replacement's tool call is run, by a loop of its own, and what it shows is thrown away.

        Raises:
            StepError: the call ends the sample (S6).
        """
        if step.author == "draft":
            return
        loop = self.agent.episode(task)
        next(loop)
        try:
            loop.send(step)
        except StopIteration:
            return
        finally:
            loop.close()


VARIANTS: dict[Variant, type[SpecReason]] = {"published": PublishedSpecReason, "corrected": CorrectedSpecReason}
