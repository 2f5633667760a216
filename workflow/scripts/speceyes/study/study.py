"""One configured study: what is asked of whom, at which settings. Rules, estimate, benchmarks and tests ask it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from speceyes.agents.base import load_agent, told_settings
from speceyes.documents import read_yaml
from speceyes.method.confidence import METRICS, Metric, headline
from speceyes.method.grid import Grid
from speceyes.records.passes import COMMON, Cell, PassStage
from speceyes.records.selection import SomeImages
from speceyes.study.config import Config, load_config
from speceyes.study.config.models import ModelConfig
from speceyes.study.layout import Layout

# The stages whose jobs measure times: alone on the machine, on the images of the section timing.
TIMED: tuple[PassStage, ...] = ("timing", "live")
# The stages that run on the images of the section corrected.
CORRECTED: tuple[PassStage, ...] = ("corrected", "corrected_specreason")


class Study:
    """A configuration with the answers that follow from it.

    Args:
        config: the validated configuration.
        layout: where the study lies; by default in ``results/``, under its name.
    """

    def __init__(self, config: Config, layout: Layout | None = None) -> None:
        self.config = config
        self.layout = layout or Layout.of(config.study)

    @classmethod
    def of(cls, results: Path) -> Study:
        """The study that a folder of results holds, by the configuration that it was made with.

        Raises:
            DocumentError: no readable ``config.yaml`` in the folder.
            ConfigError: its configuration cannot be used.
        """
        return cls(load_config(read_yaml(results / "config.yaml")), Layout(str(results)))

    @property
    def name(self) -> str:
        """The study's name."""
        return self.config.study

    @cached_property
    def splits(self) -> list[tuple[str, str]]:
        """(benchmark, split), in the configuration's order."""
        return [(name, split) for name, benchmark in self.config.benchmarks.items() for split in benchmark.splits]

    @cached_property
    def cells(self) -> list[Cell]:
        """Every agent on every split."""
        return [Cell(agent, *where) for agent in self.config.agents for where in self.splits]

    def rows(self, benchmark: str, split: str) -> int | None:
        """The official number of a split's questions, None where it is not known."""
        return self.config.benchmarks[benchmark].splits[split]

    def questions(self, benchmark: str, split: str) -> int | None:
        """The most questions of a split that are asked, None where it is not known."""
        known = [count for count in (self.rows(benchmark, split), self.config.limit) if count is not None]
        return min(known, default=None)

    def drawn(self, stage: PassStage, benchmark: str) -> SomeImages | None:
        """The images of each of a benchmark's splits that a stage runs on; None: it runs on all samples, in shards."""
        timing, corrected = self.config.timing, self.config.corrected
        if stage in TIMED:
            return SomeImages(timing.images_of(benchmark), timing.seed)
        return SomeImages(corrected.images, corrected.seed) if stage in CORRECTED else None

    def batch(self, benchmark: str) -> int:
        """The main table's batch size on a benchmark."""
        return self.config.draft.batch(benchmark)

    def batches(self, benchmark: str) -> list[int]:
        """Batch sizes at which screening and drafting are timed: the main table's and those of the ablation."""
        return sorted({self.batch(benchmark), *self.config.grid.batch_sizes.get(benchmark, ())})

    @cached_property
    def top_ks(self) -> list[int]:
        """Every K at which confidences are computed."""
        return sorted({*self.config.grid.top_k, self.config.grid.main_top_k})

    @property
    def own_metrics(self) -> list[str]:
        """Confidence metrics from outside the library, as ``package.module:function``."""
        return [metric for metric in self.config.grid.metrics if ":" in metric]

    def variants(self, agent: str, benchmark: str) -> tuple[str, ...]:
        """SpecReason's variants on an agent and a benchmark."""
        peer = self.config.specreason
        runs = agent in peer.agents and (peer.benchmarks is None or benchmark in peer.benchmarks)
        return peer.variants if runs else ()

    def is_also_corrected(self, agent: str) -> bool:
        """Whether an agent, which runs under the published protocol, also runs under the corrected one."""
        return self.config.corrected.images > 0 and self.agent_settings(agent).get("protocol") == "published"

    def has_corrected_peer(self, agent: str, benchmark: str) -> bool:
        """Whether SpecReason, whose published variant alone runs on all samples, runs corrected on a sample of them."""
        return self.config.corrected.images > 0 and self.variants(agent, benchmark) == ("published",)

    def points(self, agent: str, benchmark: str) -> dict[Metric, float]:
        """The main table's threshold per metric of the grid; one of one's own without any has the headline's."""
        given = self.config.operating_points.get(agent, {}).get(benchmark, {})
        known = self.config.default_operating_points | given
        metrics = self.config.grid.metrics
        leading = headline([metric for metric in metrics if metric in known] or METRICS)
        return {metric: known.get(metric, known[leading]) for metric in metrics}

    def grid(self, agent: str, benchmark: str) -> Grid:
        """The settings that are replayed for an agent on a benchmark."""
        grid = self.config.grid
        return Grid(
            metrics=grid.metrics,
            top_ks=grid.top_k,
            thresholds=grid.thresholds.get(benchmark, grid.default_thresholds),
            batch_sizes=tuple(self.batches(benchmark)),
            operating_points=self.points(agent, benchmark),
            main_top_k=grid.main_top_k,
            main_batch_size=self.batch(benchmark),
        )

    @cached_property
    def wordings(self) -> list[str]:
        """In whose words the draft is asked: the common ones, and those of every agent that has its own."""
        return [COMMON, *(name for name, agent in self.config.agents.items() if agent.own_draft_prompts)]

    def wording(self, agent: str) -> str:
        """In whose words the funnel over an agent asks the draft."""
        return agent if agent in self.wordings else COMMON

    def draft_prompts(self, wording: str) -> str:
        """The prompt file of the draft's question in a wording."""
        return self.prompts(COMMON if wording == COMMON else f"{COMMON}_{wording}")

    def prompts(self, name: str) -> str:
        """The prompt file of the draft, an agent or the judge."""
        return f"{self.config.prompts}/{name}.yaml"

    def model(self, name: str) -> ModelConfig:
        """A model by its name in the configuration."""
        return self.config.models[name]

    def models(self, stage: PassStage, agent: str = "") -> dict[str, ModelConfig]:
        """The models that a stage's job loads, by the name of the rule's input: ``model`` asks, ``draft`` drafts."""
        draft = self.model(self.config.draft.model)
        if stage == "draft" or (stage == "screen" and self.config.screening.by == "draft"):
            return {"model": draft}
        own = {"model": self.model(self.config.agents[agent].model)}
        return own if stage in ("screen", "agent", "corrected") else {"draft": draft} | own

    def agent_settings(self, agent: str) -> dict[str, Any]:
        """An agent's settings; told what its engine sees and the study's protocol, unless it names one itself."""
        found = self.config.agents[agent]
        image = self.model(found.model).engine.image.model_dump(mode="json")
        kind = load_agent(found.type)
        by_study = told_settings(kind, {}, protocol=self.config.protocol)
        return told_settings(kind, by_study | found.settings, image=image)

    def prompt_files(self, stage: PassStage, agent: str = "") -> dict[str, str]:
        """The prompt files of an agent's job, by the name of the rule's input."""
        own = {"prompts": self.prompts(agent)}
        return own | {"draft_prompts": self.draft_prompts(self.wording(agent))} if stage in TIMED else own

    def gpus(self, stage: PassStage, agent: str = "") -> int:
        """GPUs of a stage's job, which loads its models in one process; none if none of them needs any."""
        on_gpu = (model for model in self.models(stage, agent).values() if model.engine.uses_gpus)
        return max((model.gpus for model in on_gpu), default=0)

    @property
    def judge_folder(self) -> list[str]:
        """The model folder that the judging job serves; none where the judge runs elsewhere."""
        return [] if self.config.judge.url else [self.model(self.config.judge.model).path]

    @property
    def judge_gpus(self) -> int:
        """GPUs of the judging job."""
        return 0 if self.config.judge.url else self.config.judge.gpus
