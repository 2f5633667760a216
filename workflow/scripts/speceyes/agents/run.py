"""The agent pass: every loop is run to its end, and a sample that fails becomes an error record of its own."""

from __future__ import annotations

from collections.abc import Sequence

from speceyes.agents.base import Agent, Ending, Loop, Step, StepError, Task
from speceyes.agents.dialogue import last_answer
from speceyes.agents.recall import prompt_digest
from speceyes.agents.side_by_side import Conversation, alone
from speceyes.engines.base import Engine, Request
from speceyes.images import ImageError, Pictures
from speceyes.records.samples import Sample
from speceyes.records.types import AgentRecord, Turn


class Episode:
    """One running loop: its next request, what it was sent, and how it ended.

    Args:
        sample_id: of the sample that the record will be about.
        loop: a loop that has not been started.
    """

    def __init__(self, sample_id: str, loop: Loop) -> None:
        self._sample_id = sample_id
        self._loop = loop
        self._steps: list[Step] = []
        self._prompts: list[str] = []
        self._pictures: dict[int, str] = {}
        self._ending: Ending | None = None
        self.request: Request = next(loop)

    @property
    def finished(self) -> bool:
        """Whether the loop has ended; it asks for nothing more."""
        return self._ending is not None

    def take(self, step: Step) -> None:
        """Send the loop a step for its request; the next request is there, or the loop has ended."""
        self._steps.append(step)
        self._prompts.append(prompt_digest(self.request, self._pictures))
        try:
            self.request = self._loop.send(step)
        except StopIteration as end:
            self._ending = end.value
        except StepError as error:
            self._ending = Ending("error", "", str(error))

    def record(self) -> AgentRecord:
        """The episode so far; one that was not driven to its end has status ``no_answer``."""
        last = self._steps[-1].text if self._steps else ""
        ending = self._ending or Ending("no_answer", last_answer(last))
        return episode_record(self._sample_id, self._steps, ending, self._prompts)


def episode_record(
    sample_id: str, steps: Sequence[Step], ending: Ending, prompts: Sequence[str] | None = None
) -> AgentRecord:
    """Steps and how they ended as a record; its latency is the sum of the turns and their tools.

    Args:
        sample_id: of the sample.
        steps: all that the loop was sent.
        ending: how it ended.
        prompts: one digest per step, where another pass may recall them.
    """
    turns = tuple(map(_turn, steps, prompts or [""] * len(steps)))
    return AgentRecord(
        sample_id=sample_id,
        status=ending.status,
        error=ending.error,
        latency_s=sum(turn.latency_s + (turn.tool.latency_s if turn.tool else 0.0) for turn in turns),
        generated_tokens=sum(turn.generated_tokens for turn in turns),
        stuck_generations=sum(turn.stuck for turn in turns),
        answer=ending.answer,
        turns=turns,
        tool_calls=sum(turn.tool is not None for turn in turns),
    )


def _turn(step: Step, prompt: str) -> Turn:
    return Turn(
        text=step.text,
        author=step.author,
        generated_tokens=len(step.generation.token_ids),
        latency_s=step.generation.latency_s,
        tool=step.tool,
        score=step.score,
        prompt=prompt,
        stop_reason=step.generation.stop_reason,
        stuck=step.generation.stuck,
    )


def driven(engine: Engine, episode: Episode) -> Conversation[AgentRecord]:
    """An episode to its end, every step written by one model."""
    while not episode.finished:
        episode.take(Step((yield engine, episode.request)))
    return episode.record()


def read_task(sample: Sample, pictures: Pictures) -> Task:
    """A sample with its stored image.

    Raises:
        ImageError: the image cannot be read.
    """
    return Task(sample, pictures.open(sample.image), pictures.path(sample.image))


def answering(engine: Engine, agent: Agent, sample: Sample, pictures: Pictures) -> Conversation[AgentRecord]:
    """One sample through the agent; an unreadable image becomes a record with status ``error``."""
    try:
        task = read_task(sample, pictures)
    except ImageError as error:
        return failed(sample, str(error))
    return (yield from driven(engine, Episode(sample.sample_id, agent.episode(task))))


def answer(engine: Engine, agent: Agent, sample: Sample, pictures: Pictures) -> AgentRecord:
    """One sample through the agent, alone: the published form."""
    return alone(answering(engine, agent, sample, pictures))


def failed(sample: Sample, reason: str) -> AgentRecord:
    """The record of a sample that could not be run."""
    return AgentRecord(sample_id=sample.sample_id, status="error", error=reason, answer="", turns=(), tool_calls=0)
