"""What the rules that run models have in common: all passes of a job by models that are loaded once, if at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from speceyes.agents.base import Agent, load_agent
from speceyes.agents.side_by_side import Conversation, independently, records_side_by_side
from speceyes.engines.base import Engine, Place
from speceyes.engines.open_models import OpenModels
from speceyes.engines.registry import serves_many
from speceyes.records.batches import BatchSize
from speceyes.records.passes import Pass
from speceyes.records.samples import Sample, read_samples
from speceyes.records.selection import Shard, SomeImages
from speceyes.records.stage import Stage
from speceyes.records.types import Record
from speceyes.runtime.provenance import device

R = TypeVar("R", bound=Record)
WHOLE = "1-of-1"
# Records of one pass's samples, in any order, as they are done.
Work = Callable[[Sequence[Sample], "Portion"], Iterable[R]]


class Portion(BaseModel):
    """One pass, or a job's shard of it.

    Attributes:
        holds: what the table will say of itself.
        samples: the split's samples table.
        images: the folder of their pictures.
        table: where the records are kept.
        drawn: the images that a pass runs on; None: the job's shard of all samples.
        batches: sizes at which a timed split is screened and drafted.
        variants: of SpecReason, that are timed on a split.
        prompts: the prompt file of this pass, where the job's passes differ in it.
        identities: of what this pass depends on beside the rest of its job.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    holds: Pass
    samples: Path
    images: Path
    table: Path
    drawn: SomeImages | None = None
    batches: tuple[int, ...] = ()
    variants: tuple[str, ...] = ()
    prompts: Path | None = None
    identities: dict[str, str] = {}


class Job(BaseModel):
    """What a rule tells its script.

    Attributes:
        portions: the passes whose records the job writes, one after the other.
        engines: how each model is opened, by the name of the rule's input that is its folder.
        models: those folders, there or not: a server that runs already needs none.
        agent: the agent's class as ``package.module:Class``; empty where there is none.
        settings: of agent, draft and method, by their names.
        identities: of code, models and prompts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    portions: tuple[Portion, ...]
    engines: dict[str, dict[str, Any]]
    models: dict[str, Path]
    agent: str = ""
    settings: dict[str, Any]
    identities: dict[str, str]

    def elsewhere(self, portion: Portion) -> list[Path]:
        """The tables of the passes over a portion's questions that the job does before it."""
        before = self.portions[: self.portions.index(portion)]
        return [other.table for other in before if other.samples == portion.samples]


class Folders(Protocol):
    """Where a study keeps what several jobs share."""

    @property
    def journals(self) -> str: ...

    @property
    def media(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ModelPass:
    """A job that runs models: the portions that it works on, and where it reads and writes.

    Args:
        job: what the rule says.
        inputs: the rule's named inputs that are one path each: model folders and prompt files.
        shard: of the passes over all samples.
        journals: the study's folder of journals.
        media: the study's folder of pictures that agents make.
        models: the job's.
        device: the model of device, where records depend on it.
    """

    job: Job
    inputs: dict[str, Path]
    shard: Shard
    journals: Path
    media: Path
    models: OpenModels
    device: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, snakemake: Any, folders: Folders) -> ModelPass:
        """A running job, as Snakemake tells its script.

        Raises:
            ValidationError: the rule's parameter ``job`` is not what :class:`Job` says.
        """
        job = Job.model_validate(snakemake.params.job)
        gpus, log = snakemake.resources.get("gpu", 0), Path(snakemake.log[0])
        return cls(
            job=job,
            inputs={name: Path(path) for name, path in snakemake.input.items() if isinstance(path, str)},
            shard=Shard.parse(snakemake.wildcards.get("shard", WHOLE)),
            journals=Path(folders.journals),
            media=Path(folders.media),
            models=OpenModels(job.engines, {name: Place(path, gpus, log) for name, path in job.models.items()}),
        )

    def engine(self, name: str) -> Engine:
        """The model that is named so among the rule's inputs."""
        return self.models.engine(name)

    def by_the_clock(self) -> ModelPass:
        """The same job, whose records depend on the device too: a table's times belong together."""
        if any(place.gpus for place in self.models.places.values()):
            import_module("torch")  # names the GPU
        return replace(self, device={"device": device()["name"]})

    def also(self, job: dict[str, Any]) -> ModelPass:
        """Another job's work, done in the same process by the same models.

        Raises:
            ValidationError: the job is not what :class:`Job` says.
        """
        return replace(self, job=Job.model_validate(job))

    def first(self) -> tuple[Sample, Portion]:
        """A sample for the models to warm up on."""
        portion = self.job.portions[0]
        return read_samples(portion.samples)[0], portion

    def batch_size(self, portion: Portion) -> BatchSize:
        """How many of a portion's samples the model is asked about at a time: its batch, else as many as in flight."""
        planned = portion.holds.batch or self._in_flight
        return BatchSize(planned, self._stage(portion).largest_batch)

    def asked_at_once(self, portion: Portion) -> BatchSize:
        """How many samples are asked about at once where no clock runs.

        In process it is :meth:`batch_size`, since a batch may change an answer's last bits; a server makes batches of
        its own, and takes as many as are in flight.
        """
        return BatchSize(self._in_flight) if self._served else self.batch_size(portion)

    def records(self, conversations: Iterable[Conversation[R]], portion: Portion) -> Iterator[R]:
        """Records of a portion's conversations with the job's models, as they end, as many in flight as configured."""
        if self._served:
            return independently(conversations, self._in_flight)
        return records_side_by_side(conversations, self.batch_size(portion))

    @property
    def _served(self) -> bool:
        return all(map(serves_many, self.job.engines.values()))

    @property
    def _in_flight(self) -> int:
        return int(self.job.engines["model"]["concurrency"])

    def agent(self, settings: str = "agent") -> Agent:
        """The job's agent with its prompts and the settings of a name, on a machine that its tools can run on.

        Raises:
            Exception: the agent's own, where they cannot; one line.
        """
        agent = load_agent(self.job.agent)(self.inputs["prompts"], self.job.settings[settings], self.media)
        agent.check_machine()
        return agent

    def run(self, kind: type[R], start: Callable[[], Work[R]]) -> None:
        """:meth:`complete` every table, and close the models."""
        with self.models:
            self.complete(kind, start)

    def complete(self, kind: type[R], start: Callable[[], Work[R]]) -> None:
        """Do what is not done yet and bring every table up to date, one pass after the other.

        Args:
            kind: of the records.
            start: opens models and agent, and gives the work on a pass. Called at the first sample that is not done,
                not at all where there is none.
        """
        started = cache(start)
        for portion in self.job.portions:
            self._stage(portion).run(kind, partial(_on, started, portion))

    @property
    def settings(self) -> dict[str, Any]:
        """What records depend on: the job's settings, and those of its engines that may change an answer."""
        engines = {f"{name} engine": _that_answers(settings) for name, settings in self.job.engines.items()}
        return self.job.settings | engines

    @property
    def identities(self) -> dict[str, str]:
        """The same of code, models and prompts, and of the device where times are measured."""
        return self.job.identities | self.device

    def _stage(self, portion: Portion) -> Stage:
        timed = portion.model_dump(mode="json", include={"batches", "variants"}, exclude_defaults=True)
        selection = portion.drawn or self.shard
        return Stage(
            label=f"{portion.holds} {selection}",
            samples=portion.samples,
            table=portion.table,
            journals=self.journals,
            selection=selection,
            settings=self.settings | timed,
            inputs=self.identities | portion.identities,
            stamp=portion.holds.stamp(),
        )


def _on(started: Callable[[], Work[R]], portion: Portion, samples: Sequence[Sample]) -> Iterable[R]:
    return started()(samples, portion)


def _that_answers(engine: dict[str, Any]) -> dict[str, Any]:
    """An engine's settings that may change an answer: finished samples stay where memory asks for fewer in flight."""
    return {name: value for name, value in engine.items() if name != "concurrency"}
