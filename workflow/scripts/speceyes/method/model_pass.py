"""What the rules that run models have in common: their engines and agent, a warm-up, and one record per sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from speceyes.agents.base import Agent, load_agent
from speceyes.engines.base import Engine, Place
from speceyes.engines.registry import open_engine
from speceyes.records.passes import Pass
from speceyes.records.samples import Sample, read_samples
from speceyes.records.stage import Shard, Stage
from speceyes.records.types import Record

R = TypeVar("R", bound=Record)
WHOLE = "1-of-1"


class Job(BaseModel):
    """What a rule tells its script.

    Args:
        holds: the pass whose records the job writes.
        engines: how each model is opened, by the name of the rule's input that is its folder.
        models: those folders, there or not: a server that runs already needs none.
        agent: the agent's class as ``package.module:Class``; empty where there is none.
        settings: of agent, draft and method, by their names.
        identities: of code, models and prompts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    holds: Pass
    engines: dict[str, dict[str, Any]]
    models: dict[str, Path]
    agent: str = ""
    settings: dict[str, Any]
    identities: dict[str, str]


class Folders(Protocol):
    """Where a study keeps what several jobs share."""

    @property
    def journals(self) -> str: ...

    @property
    def media(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ModelPass:
    """One job's share of a pass.

    Args:
        job: what the rule says.
        inputs: the rule's named inputs: ``samples``, ``images``, model folders and prompt files.
        shard: which of the samples are the job's.
        table: where the records go.
        journals: the study's folder of journals.
        media: the study's folder of pictures that agents make.
        gpus: devices that the job holds.
        log: the job's log.
        held: what ends with the job, such as the servers that it starts.
    """

    job: Job
    inputs: dict[str, Path]
    shard: str
    table: Path
    journals: Path
    media: Path
    gpus: int
    log: Path
    held: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def of(cls, snakemake: Any, folders: Folders) -> ModelPass:
        """A running job's share, as Snakemake tells its script.

        Raises:
            ValidationError: the rule's parameter ``job`` is not what :class:`Job` says.
        """
        return cls(
            job=Job.model_validate(snakemake.params.job),
            inputs={name: Path(path) for name, path in snakemake.input.items() if path},
            shard=snakemake.wildcards.get("shard", WHOLE),
            table=Path(snakemake.output.table),
            journals=Path(folders.journals),
            media=Path(folders.media),
            gpus=snakemake.resources.get("gpu", 0),
            log=Path(snakemake.log[0]),
        )

    @property
    def images(self) -> Path:
        """The samples' pictures."""
        return self.inputs["images"]

    def engine(self, name: str) -> Engine:
        """The model that is named so among the rule's inputs, open until :meth:`run` has ended."""
        place = Place(self.job.models[name], self.gpus, self.log)
        return self.held.enter_context(open_engine(self.job.engines[name], place))

    def agent(self) -> Agent:
        """The job's agent with its prompts and settings, on a machine that its tools can run on.

        Raises:
            Exception: the agent's own, where they cannot; one line.
        """
        agent = load_agent(self.job.agent)(self.inputs["prompts"], self.job.settings["agent"], self.media)
        agent.check_machine()
        return agent

    def run(
        self, kind: type[R], work: Callable[[Sequence[Sample]], Sequence[R]], warm_up: Callable[[Sample], object]
    ) -> None:
        """Do what is not done yet and write the table.

        Args:
            kind: of the records.
            work: on a batch of the pass's size; one sample at a time where the stage has no batches.
            warm_up: one untimed answer from every model: first calls compile, allocate and page in.
        """
        stage = Stage(
            label=f"{self.job.holds} {self.shard}",
            samples=self.inputs["samples"],
            table=self.table,
            journals=self.journals,
            shard=Shard.parse(self.shard),
            settings=self.job.settings | {f"{name} engine": settings for name, settings in self.job.engines.items()},
            inputs=self.job.identities,
            stamp=self.job.holds.stamp(),
        )
        with self.held:
            warm_up(read_samples(stage.samples)[0])
            stage.run(kind, self.job.holds.batch or 1, work)
