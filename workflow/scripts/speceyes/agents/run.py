"""The agent pass: whole episodes, one after the other, and no sample lost to another's failure."""

from __future__ import annotations

from pathlib import Path

from speceyes.agents.base import Agent, Episode
from speceyes.engines.base import Engine
from speceyes.images import ImageError, open_image
from speceyes.records.samples import Sample
from speceyes.records.types import AgentRecord


def run_episode(engine: Engine, episode: Episode) -> AgentRecord:
    """Drive one episode to its end, one generation at a time (the published, sequential form)."""
    while not episode.finished:
        episode.advance(engine.generate([episode.request()])[0])
    return episode.record()


def start_episode(agent: Agent, sample: Sample, images_dir: Path) -> Episode:
    """An episode on a sample's stored image.

    Raises:
        ImageError: the image cannot be read.
    """
    path = images_dir / sample.image
    return agent.start(sample, open_image(path), path)


def answer(engine: Engine, agent: Agent, sample: Sample, images_dir: Path) -> AgentRecord:
    """One sample through the agent; an unreadable image becomes a record with status ``error``."""
    try:
        episode = start_episode(agent, sample, images_dir)
    except ImageError as error:
        return failed(sample, str(error))
    return run_episode(engine, episode)


def failed(sample: Sample, reason: str) -> AgentRecord:
    """The record of a sample that could not be run."""
    return AgentRecord(sample_id=sample.sample_id, status="error", error=reason, answer="", turns=(), tool_calls=0)
