"""The miniature's models put to the test: fresh benchmarks, read, screened, drafted and answered as the study does.

Every pass is one of the study's own stages over one samples table. A finished pass is kept in the
trial's folder under a name that says what it depends on, so that only what changed runs again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pandas as pd

from speceyes.agents.base import Agent, load_agent, told_settings
from speceyes.agents.run import answer, answering
from speceyes.agents.side_by_side import side_by_side
from speceyes.benchmarks.base import load_reader
from speceyes.benchmarks.index import build_index
from speceyes.engines.base import Engine, Place
from speceyes.engines.registry import open_engine
from speceyes.images import Pictures
from speceyes.method.draft import Drafter
from speceyes.method.screening import screen
from speceyes.method.specreason import CorrectedSpecReason, SpecReasonSettings
from speceyes.miniature.generate import Sizes, write_benchmarks
from speceyes.prompts import load_prompts
from speceyes.records.batches import BatchSize, in_batches
from speceyes.records.journal import remove_finished
from speceyes.records.samples import Sample, read_samples, write_samples
from speceyes.records.selection import Shard
from speceyes.records.stage import Stage
from speceyes.records.tables import read_table
from speceyes.records.types import AgentRecord, DraftRecord, Record, ScreenRecord
from speceyes.runtime.fingerprint import Code, fingerprint
from speceyes.runtime.provenance import digest, file_identity, model_identity
from speceyes.study.config import Config

R = TypeVar("R", bound=Record)
Work = Callable[[Sequence[Sample]], Sequence[R]]

ALL = Shard(0, 1)
TIMED = Shard(0, 9)  # the episodes that are timed
IN_FLIGHT = 12  # episodes and proposals whose times nobody reads
# Every proposal is taken and run, whatever its score, so that scores can be held against what came of it.
ONE_STEP_TAKEN = SpecReasonSettings(keep_from=0, max_steps=1)


@dataclass(frozen=True, slots=True)
class Trial:
    """A study's models and settings on benchmarks drawn from a seed of the trial's own.

    Args:
        config: the study: models, prompts, agents, batch size.
        folder: benchmarks, samples and finished passes.
        sizes: how many questions.
        seed: of the pictures.
    """

    config: Config
    folder: Path
    sizes: Sizes
    seed: int

    @property
    def media(self) -> Path:
        """Pictures that the agents made."""
        return self.folder / "media"

    @property
    def images(self) -> Path:
        """The benchmarks' pictures as the index stage stores them."""
        return self.folder / "images"

    @property
    def pictures(self) -> Pictures:
        """The same, as models are asked about them."""
        return Pictures(self.images)

    @property
    def _benchmarks(self) -> Path:
        return self.folder / f"benchmarks-{digest(self.sizes.model_dump(), self.seed)}"

    @property
    def _samples_table(self) -> Path:
        return self._benchmarks / "samples.parquet"

    def prepare(self) -> None:
        """Write the benchmarks and read them back through the study's readers, all splits into one table.

        Raises:
            BenchmarkError: a generated file that is not in its official form.
        """
        if self._samples_table.exists():
            return
        shutil.rmtree(self._benchmarks, ignore_errors=True)
        write_benchmarks(self._benchmarks, self.sizes, self.seed)
        samples: list[Sample] = []
        with TemporaryDirectory() as scratch:
            table = Path(scratch) / "samples.parquet"
            for name, settings in self.config.benchmarks.items():
                reader = load_reader(settings.reader)(self._benchmarks / name, settings.settings)
                for split in settings.splits:
                    build_index(reader, name, split, table, self.images)
                    samples += read_samples(table)
        write_samples(self._samples_table, samples)

    def samples(self) -> list[Sample]:
        """All questions, in the benchmarks' order."""
        return read_samples(self._samples_table)

    def scenes(self) -> pd.DataFrame:
        """What each question's picture shows: the generator's side table, indexed by sample id."""
        return pd.read_csv(self._benchmarks / "scenes.csv", index_col="sample_id", keep_default_na=False)

    def drafts(self) -> list[DraftRecord]:
        """Phase II on every question."""

        def start(held: ExitStack) -> Work[DraftRecord]:
            prompts = load_prompts(Path(self.config.prompts) / "draft.yaml")
            drafter = Drafter(self._engine("draft", held), prompts, self.config.draft.settings)
            return lambda samples: drafter.answer(samples, self.pictures)

        return self._passed("draft", DraftRecord, [self.config.draft.model], self._batch, start)

    @property
    def _batch(self) -> int:
        """Samples per batch, of whichever benchmark."""
        return min(map(self.config.draft.batch, self.config.benchmarks))

    def screenings(self, name: str) -> list[ScreenRecord]:
        """Phase I by an agent on every question."""

        def start(held: ExitStack) -> Work[ScreenRecord]:
            engine, agent = self._engine(name, held), self._agent(name)
            return lambda samples: screen(engine, agent, samples, self.pictures)

        return self._passed(f"screen {name}", ScreenRecord, [name], self._batch, start)

    def episodes(self, name: str) -> list[AgentRecord]:
        """An agent's whole loop on every question, many at a time."""

        def start(held: ExitStack) -> Work[AgentRecord]:
            engine, agent = self._engine(name, held), self._agent(name)
            return lambda samples: list(
                side_by_side(
                    (answering(engine, agent, sample, self.pictures) for sample in samples), BatchSize(IN_FLIGHT)
                )
            )

        return self._passed(f"agent {name}", AgentRecord, [name], IN_FLIGHT, start)

    def timed_episodes(self, name: str) -> list[AgentRecord]:
        """The same on a share of the questions, one after the other."""

        def start(held: ExitStack) -> Work[AgentRecord]:
            engine, agent = self._engine(name, held), self._agent(name)
            return lambda samples: [answer(engine, agent, sample, self.pictures) for sample in samples]

        return self._passed(f"time {name}", AgentRecord, [name], 1, start, shard=TIMED)

    def proposals(self, name: str) -> list[AgentRecord]:
        """SpecReason's first step on every question: the draft's proposal, executed, with the agent's score of it."""

        def start(held: ExitStack) -> Work[AgentRecord]:
            draft, engine, agent = self._engine("draft", held), self._engine(name, held), self._agent(name)
            method = CorrectedSpecReason(draft, engine, agent, ONE_STEP_TAKEN)
            return lambda samples: list(
                side_by_side((method.answering(sample, self.pictures) for sample in samples), BatchSize(IN_FLIGHT))
            )

        return self._passed(f"propose {name}", AgentRecord, ["draft", name], IN_FLIGHT, start)

    def identities(self) -> dict[str, str]:
        """What each model's folder holds, judge included, by the model's name."""
        keys = [
            self.config.draft.model,
            *(agent.model for agent in self.config.agents.values()),
            self.config.judge.model,
        ]
        return {key: model_identity(Path(self.config.models[key].path)) for key in keys}

    def _engine(self, name: str, held: ExitStack) -> Engine:
        model = self.config.models[self._model_key(name)]
        engine = model.engine.model_dump(mode="json")
        return held.enter_context(open_engine(engine, Place(Path(model.path), 0, self.folder / f"{name}.log")))

    def _model_key(self, name: str) -> str:
        return self.config.agents[name].model if name in self.config.agents else self.config.draft.model

    def _agent(self, name: str) -> Agent:
        return load_agent(self.config.agents[name].type)(
            Path(self.config.prompts) / f"{name}.yaml", self._agent_settings(name), self.media
        )

    def _agent_settings(self, name: str) -> dict[str, Any]:
        """An agent's settings: it sees what its engine sees, and its loop is the corrected one."""
        agent = self.config.agents[name]
        view = self.config.models[agent.model].engine.image.model_dump()
        return told_settings(load_agent(agent.type), agent.settings, image=view, protocol="corrected")

    def _passed(
        self,
        label: str,
        kind: type[R],
        names: Sequence[str],
        batch_size: int,
        start: Callable[[ExitStack], Work[R]],
        *,
        shard: Shard = ALL,
    ) -> list[R]:
        """A finished pass's records, run first unless it is there."""
        agents = [name for name in names if name in self.config.agents]
        settings: dict[str, Any] = {"batch_size": batch_size} | {name: self._agent_settings(name) for name in agents}
        modules = tuple(self.config.agents[name].type.partition(":")[0] for name in agents)
        inputs = {"code": fingerprint(Code(Path(__file__), modules))}
        for name in names:
            model = self.config.models[self._model_key(name)]
            inputs[f"{name} model"] = model_identity(Path(model.path)) + str(model.engine)
            inputs[f"{name} prompts"] = file_identity(Path(self.config.prompts) / f"{name}.yaml")
        named = f"{label.replace(' ', '-')}-{digest(settings, inputs, self._benchmarks.name, str(shard))}"
        table = self.folder / "passes" / f"{named}.parquet"
        if not table.exists():
            table.parent.mkdir(parents=True, exist_ok=True)
            stage = Stage(label, self._samples_table, table, self.folder / "journals", shard, settings, inputs)
            with ExitStack() as held:
                stage.run(kind, in_batches(BatchSize(batch_size), start(held)))
            remove_finished(stage.journals)
        return list(read_table(table, kind))
