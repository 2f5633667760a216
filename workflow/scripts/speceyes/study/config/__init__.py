"""The whole configuration as one typed model, one section a module; only the Snakefile reads it.

Every field is described: the JSON schema and the key table in ``config/README.md`` are made from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from speceyes.agents.base import calls_functions, load_agent
from speceyes.agents.dialogue import Protocol
from speceyes.analysis.settings import StatisticsSettings
from speceyes.benchmarks.base import load_reader
from speceyes.border import border
from speceyes.documents import DocumentError, read_json, read_yaml
from speceyes.method.confidence import METRICS, Metric
from speceyes.method.load_settings import LoadSettings
from speceyes.study.config.agents import AgentConfig
from speceyes.study.config.benchmarks import BenchmarkConfig
from speceyes.study.config.corrected import CorrectedConfig
from speceyes.study.config.draft import DraftConfig
from speceyes.study.config.errors import ConfigError, check_apart, check_known, check_numbers, explanation
from speceyes.study.config.fields import Folder, Name, Section, Threshold
from speceyes.study.config.grid import GridConfig
from speceyes.study.config.judge import JudgeConfig
from speceyes.study.config.live import LiveConfig
from speceyes.study.config.miniature import MiniatureConfig
from speceyes.study.config.models import ModelConfig
from speceyes.study.config.screening import ScreeningConfig
from speceyes.study.config.shards import ShardsConfig
from speceyes.study.config.specreason import SpecReasonConfig
from speceyes.study.config.timing import TimingConfig

# Prompt files beside those named after agents.
OTHER_PROMPTS = ("draft", "judge")
# The most cautious of the paper's, that of V*.
DEFAULT_POINTS = dict.fromkeys(METRICS, 0.98)


class Config(Section):
    """One study."""

    study: Annotated[Name, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")] = Field(description="Name of the results folder.")
    comparable: bool = Field(description="Whether results may be held against the published numbers.")
    protocol: Protocol = Field("published", description="The agents' loops: the paper's, or corrected.")
    prompts: Folder = Field(
        description="Folder with draft.yaml, judge.yaml, a file per agent, and draft_NAME.yaml per own_draft_prompts."
    )
    models: dict[Name, ModelConfig] = Field(description="Models by a name of your own.")
    benchmarks: dict[Name, BenchmarkConfig] = Field(min_length=1, description="Benchmarks by name.")
    agents: dict[Name, AgentConfig] = Field(min_length=1, description="Agents by name; prompts are NAME.yaml.")
    draft: DraftConfig = Field(default_factory=DraftConfig, description="Phase II: the draft's answers.")
    screening: ScreeningConfig = Field(default_factory=ScreeningConfig, description="Phase I: would tools help?")
    grid: GridConfig = Field(default_factory=GridConfig, description="Settings evaluated by replay.")
    default_operating_points: dict[Metric, Threshold] = Field(
        DEFAULT_POINTS, description="Main-table threshold per metric where an agent has none of its own on a benchmark."
    )
    operating_points: dict[Name, dict[Name, dict[Metric, Threshold]]] = Field(
        default_factory=dict,
        description="Main-table threshold per agent, benchmark and metric; what is not given is the default one.",
    )
    limit: int | None = Field(None, gt=0, description="Most questions of each split, drawn by image; null: all.")
    timing: TimingConfig = Field(default_factory=TimingConfig, description="Times, measured apart from the answers.")
    live: LiveConfig = Field(default_factory=LiveConfig, description="Settings that also run live.")
    load: LoadSettings | None = Field(None, description="Questions that come while others are under way; off if null.")
    corrected: CorrectedConfig = Field(
        default_factory=CorrectedConfig,
        description="Where agents and SpecReason also run under the corrected protocol.",
    )
    specreason: SpecReasonConfig = Field(default_factory=SpecReasonConfig, description="The peer method.")
    judge: JudgeConfig = Field(description="Who decides what rules cannot.")
    statistics: StatisticsSettings = Field(
        default_factory=StatisticsSettings, description="Intervals and the recommended threshold."
    )
    shards: ShardsConfig = Field(default_factory=ShardsConfig, description="Jobs per expensive stage.")
    miniature: MiniatureConfig | None = Field(None, description="Set in the miniature study only.")

    @field_validator("default_operating_points")
    @classmethod
    def _those_not_given_stay_as_they_are(cls, points: dict[str, float]) -> dict[str, float]:
        return DEFAULT_POINTS | points

    @field_validator("live")
    @classmethod
    def _only_the_grids_metrics_run_live(cls, live: LiveConfig, info: ValidationInfo) -> LiveConfig:
        if "grid" not in info.data:
            return live
        kept = tuple(metric for metric in live.metrics if metric in info.data["grid"].metrics)
        return live.model_copy(update={"metrics": kept})

    @model_validator(mode="after")
    def _names_do_not_clash(self) -> Config:
        check_apart("models", self.models)
        check_apart("benchmarks", self.benchmarks)
        worded = [f"draft_{name}" for name, agent in self.agents.items() if agent.own_draft_prompts]
        check_apart("agents", [*OTHER_PROMPTS, *self.agents])
        check_apart("agents", [*self.agents, *worded])
        for name, benchmark in self.benchmarks.items():
            check_apart(f"benchmarks.{name}.splits", benchmark.splits)
        return self

    @model_validator(mode="after")
    def _names_exist(self) -> Config:
        check_known("draft.model", [self.draft.model], self.models)
        check_known("judge.model", [self.judge.model], self.models)
        for name, agent in self.agents.items():
            check_known(f"agents.{name}.model", [agent.model], self.models)
        for name, benchmark in self.benchmarks.items():
            if (own := load_reader(benchmark.reader).name) not in (name, None):
                raise ValueError(f"benchmarks: {name} is read as {own!r}; use that as its key")
        check_known("specreason.agents", self.specreason.agents, self.agents)
        check_known("specreason.benchmarks", self.specreason.benchmarks or (), self.benchmarks)
        for key, value in (("draft.batch_size", self.draft.batch_size), ("timing.images", self.timing.images)):
            if isinstance(value, dict):
                check_known(key, value, self.benchmarks)
        check_known("grid.batch_sizes", self.grid.batch_sizes, self.benchmarks)
        check_known("grid.thresholds", self.grid.thresholds, self.benchmarks)
        check_known("operating_points", self.operating_points, self.agents)
        for name, points in self.operating_points.items():
            check_known(f"operating_points.{name}", points, self.benchmarks)
        return self

    @model_validator(mode="after")
    def _functions_can_be_called(self) -> Config:
        for name, agent in self.agents.items():
            if not calls_functions(load_agent(agent.type)):
                continue
            drafted = [self.draft.model] if name in self.specreason.agents else []
            for model in (agent.model, *drafted):
                if not self.models[model].engine.calls_functions:
                    raise ValueError(
                        f"models.{model}.engine.type: agent {name} calls functions, this engine cannot; set server"
                    )
        return self

    @model_validator(mode="after")
    def _live_runs_have_a_replay(self) -> Config:
        for benchmark in self.benchmarks if self.live.metrics else ():
            replayed = sorted({self.draft.batch(benchmark), *self.grid.batch_sizes.get(benchmark, ())})
            for size in self.live.batch_sizes:
                if size not in replayed:
                    sizes = ", ".join(map(str, replayed))
                    raise ValueError(
                        f"live.batch_sizes: {size} is not among the batch sizes replayed on {benchmark}, {sizes}"
                    )
        return self

    @model_validator(mode="after")
    def _enough_is_stored(self) -> Config:
        for key, largest in (("grid.top_k", max(self.grid.top_k)), ("grid.main_top_k", self.grid.main_top_k)):
            if largest > self.draft.settings.top_k:
                raise ValueError(
                    f"{key}: {largest} is more than draft.settings.top_k stores, {self.draft.settings.top_k}"
                )
        return self


def load_config(raw: dict[str, Any]) -> Config:
    """Validate what Snakemake merged from files and command line.

    Raises:
        ConfigError: one line with the key, what is wrong, and the allowed values or the closest key.
    """
    with border("config", ConfigError):
        try:
            config = Config.model_validate(raw)
        except ValidationError as error:
            raise ConfigError(f"config: {explanation(error, Config)}") from None
        check_numbers(raw, config.model_dump(serialize_as_any=True))
    return config


def check_files(paths: Iterable[str | Path]) -> None:
    """Read configuration files again, strictly: of a key that stands twice Snakemake's reader keeps the last.

    Raises:
        ConfigError: one line with the file, the key and its line.
    """
    for path in map(Path, paths):
        try:
            read_json(path) if path.suffix == ".json" else read_yaml(path)
        except DocumentError as error:
            raise ConfigError(f"config: {error}") from error
