"""The whole configuration as one typed model; only the Snakefile reads it, rules get slices of it.

Every field is described: the JSON schema and the key table in ``config/README.md`` are made from here.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from speceyes.agents.base import load_agent
from speceyes.analysis.settings import Settings as StatisticsSettings
from speceyes.benchmarks.base import load_reader
from speceyes.engines.settings import EngineSettings
from speceyes.judging.settings import ClientSettings, ServerSettings
from speceyes.method.confidence import METRICS, Metric
from speceyes.method.draft import Settings as DraftSettings
from speceyes.method.specreason import Settings as SpecReasonSettings
from speceyes.method.specreason import Variant
from speceyes.miniature.generate import Sizes


class ConfigError(Exception):
    """A configuration that cannot be used: one line naming the key and what it may be."""


def _open_unit(value: float) -> float:
    if not 0 < value < 1:
        raise ValueError("must lie strictly between 0 and 1")
    return value


Threshold = Annotated[
    float, AfterValidator(_open_unit), Field(json_schema_extra={"exclusiveMinimum": 0, "exclusiveMaximum": 1})
]
TopK = Annotated[int, Field(ge=2)]
Batch = Annotated[int, Field(ge=1)]
Shards = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelConfig(_Section):
    """One model: where it lies and how it is loaded."""

    path: str = Field(description="Local folder with weights, config, tokenizer and image processor.")
    source: str | None = Field(None, description="Hub id to download from when the folder is not there.")
    revision: str | None = Field(None, description="Pinned revision; null is resolved at download and recorded.")
    engine: EngineSettings = Field(default_factory=EngineSettings, description="Type, attention, device, view size.")
    gpus: int = Field(1, ge=1, description="GPUs of a job that runs it in process; several need engine.device_map.")

    @model_validator(mode="after")
    def _gpus_are_used(self) -> ModelConfig:
        if self.gpus > 1 and self.engine.device_map is None:
            raise ValueError(f"gpus: {self.gpus} are of no use without engine.device_map")
        return self


class BenchmarkConfig(_Section):
    """One benchmark on disk."""

    reader: str = Field(description="Reader class as package.module:Class.")
    path: str = Field(description="Folder with the official files.")
    source: str | None = Field(None, description="Dataset id to download from when the folder is not there.")
    splits: dict[str, int | None] = Field(
        min_length=1, description="Splits and their official number of rows, if known."
    )
    settings: dict[str, Any] = Field(default_factory=dict, description="The reader's own settings, see below.")

    @field_validator("reader")
    @classmethod
    def _reader_loads(cls, spec: str) -> str:
        load_reader(spec)
        return spec

    @field_validator("settings")
    @classmethod
    def _settings_fit(cls, settings: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "reader" in info.data:
            _check_settings(load_reader(info.data["reader"]).Settings, settings)
        return settings


class AgentConfig(_Section):
    """One agent: its class, its model, its settings."""

    type: str = Field(description="Agent class as package.module:Class.")
    model: str = Field(description="Key under models.")
    settings: dict[str, Any] = Field(default_factory=dict, description="The agent's own settings, see below.")

    @field_validator("type")
    @classmethod
    def _type_loads(cls, spec: str) -> str:
        load_agent(spec)
        return spec

    @field_validator("settings")
    @classmethod
    def _settings_fit(cls, settings: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "type" in info.data:
            _check_settings(load_agent(info.data["type"]).Settings, settings)
        return settings


class DraftConfig(_Section):
    """Phase II."""

    model: str = Field("draft", description="Key under models.")
    batch_size: Batch = Field(6, description="Samples per batch in screening and drafting (paper: 6).")
    settings: DraftSettings = Field(default_factory=DraftSettings, description="Answer length and stored top-K.")


class ScreeningConfig(_Section):
    """Phase I."""

    by: Literal["agent", "draft"] = Field(
        "agent", description="Whose model screens; draft is the paper's phase-I ablation."
    )


class GridConfig(_Section):
    """Which settings are evaluated by replay."""

    metrics: tuple[Metric, ...] = Field(METRICS, min_length=1, description="Confidence metrics.")
    top_k: tuple[TopK, ...] = Field((32, 48, 64, 80, 96), min_length=1, description="Values of K.")
    thresholds: dict[str, tuple[Threshold, ...]] = Field(description="Thresholds per benchmark.")
    batch_sizes: dict[str, tuple[Batch, ...]] = Field(
        default_factory=dict, description="Batch sizes per benchmark at which screening and drafting are run again."
    )
    main_top_k: TopK = Field(64, description="K of the main table and the threshold ablation.")


class LiveConfig(_Section):
    """Which settings also run live, timed end to end."""

    metrics: tuple[Metric, ...] = Field(METRICS, description="Metrics of the main table that run live.")
    batch_sizes: tuple[Batch, ...] = Field((6,), description="Batch sizes at which they run.")


class SpecReasonConfig(_Section):
    """The peer method."""

    agents: tuple[str, ...] = Field((), description="Agents it runs on.")
    variants: tuple[Variant, ...] = Field(("published", "corrected"), description="published port, corrected port.")
    settings: SpecReasonSettings = Field(default_factory=SpecReasonSettings, description="Score bound and step limit.")


class JudgeConfig(_Section):
    """Who decides what rules cannot."""

    model: str = Field("judge", description="Key under models.")
    url: str | None = Field(
        None, description="OpenAI-compatible base URL of a judge that runs already; null starts one."
    )
    gpus: int = Field(0, ge=0, description="GPUs of the judging job (tensor parallel size of the server).")
    server: ServerSettings = Field(description="Command that serves the judge when url is null.")
    client: ClientSettings = Field(default_factory=ClientSettings, description="Concurrency, retries, reply length.")


class ShardsConfig(_Section):
    """Into how many jobs each expensive stage of a split is cut."""

    draft: Shards = Field(1, description="Jobs per split and batch size.")
    screen: Shards = Field(1, description="Jobs per agent, split and batch size.")
    agent: Shards = Field(1, description="Jobs per agent and split.")
    specreason: Shards = Field(1, description="Jobs per agent, variant and split.")


class MiniatureConfig(_Section):
    """The miniature's generated benchmarks."""

    sizes: Sizes = Field(default_factory=Sizes, description="Questions per benchmark.")
    seed: int = Field(2603, description="Seed of the test pictures.")
    folder: str = Field("resources/miniature/benchmarks", description="Where they are written.")


class Config(_Section):
    """One study."""

    study: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")] = Field(description="Name of the results folder.")
    comparable: bool = Field(description="Whether results may be held against the published numbers.")
    prompts: str = Field(description="Folder with draft.yaml, one file per agent and judge.yaml.")
    models: dict[str, ModelConfig] = Field(description="Models by a name of your own.")
    benchmarks: dict[str, BenchmarkConfig] = Field(min_length=1, description="Benchmarks by name.")
    agents: dict[str, AgentConfig] = Field(min_length=1, description="Agents by name; prompts are NAME.yaml.")
    draft: DraftConfig = Field(default_factory=DraftConfig, description="Phase II: the draft's answers.")
    screening: ScreeningConfig = Field(default_factory=ScreeningConfig, description="Phase I: would tools help?")
    grid: GridConfig = Field(description="Settings evaluated by replay.")
    operating_points: dict[str, dict[str, dict[Metric, Threshold]]] = Field(
        description="Main-table threshold per agent, benchmark and metric."
    )
    live: LiveConfig = Field(default_factory=LiveConfig, description="Settings that also run live.")
    specreason: SpecReasonConfig = Field(default_factory=SpecReasonConfig, description="The peer method.")
    judge: JudgeConfig = Field(description="Who decides what rules cannot.")
    statistics: StatisticsSettings = Field(
        default_factory=StatisticsSettings, description="Intervals and the recommended threshold."
    )
    shards: ShardsConfig = Field(default_factory=ShardsConfig, description="Jobs per expensive stage.")
    miniature: MiniatureConfig | None = Field(None, description="Set in the miniature study only.")

    @model_validator(mode="after")
    def _names_exist(self) -> Config:
        _check("draft.model", [self.draft.model], self.models)
        _check("judge.model", [self.judge.model], self.models)
        for name, agent in self.agents.items():
            _check(f"agents.{name}.model", [agent.model], self.models)
        for name, benchmark in self.benchmarks.items():
            if (own := load_reader(benchmark.reader).name) != name:
                raise ValueError(f"benchmarks: {name} is read as {own!r}; use that as its key")
        _check("specreason.agents", self.specreason.agents, self.agents)
        _check("live.metrics", self.live.metrics, self.grid.metrics)
        _check("grid.batch_sizes", self.grid.batch_sizes, self.benchmarks)
        return self

    @model_validator(mode="after")
    def _settings_are_complete(self) -> Config:
        _check_complete("grid.thresholds", self.grid.thresholds, self.benchmarks)
        _check_complete("operating_points", self.operating_points, self.agents)
        for name in self.agents:
            _check_complete(f"operating_points.{name}", self.operating_points[name], self.benchmarks)
            for benchmark, points in self.operating_points[name].items():
                _check_complete(f"operating_points.{name}.{benchmark}", points, self.grid.metrics)
        return self

    @model_validator(mode="after")
    def _live_runs_have_a_replay(self) -> Config:
        for benchmark in self.benchmarks:
            replayed = sorted({self.draft.batch_size, *self.grid.batch_sizes.get(benchmark, ())})
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


def _check(key: str, names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"{key}: {name!r} is not among {', '.join(sorted(known))}")


def _check_complete(key: str, given: Collection[str], wanted: Collection[str]) -> None:
    for name in wanted:
        if name not in given:
            raise ValueError(f"{key}: {name} is missing, found {', '.join(sorted(given)) or 'nothing'}")


def _check_settings(model: type[BaseModel], settings: dict[str, Any]) -> None:
    """Settings that a class named in the config validates itself, explained as the rest is."""
    try:
        model.model_validate(settings)
    except ValidationError as error:
        raise ValueError(_explanation(error, model)) from error


def load_config(raw: dict[str, Any]) -> Config:
    """Validate what Snakemake merged from files and command line.

    Raises:
        ConfigError: one line with the key, what is wrong, and the allowed values or the closest key.
    """
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(f"config: {_explanation(error, Config)}") from None


def _explanation(error: ValidationError, model: type[BaseModel]) -> str:
    """The first of a model's errors in one line, and how many more there are."""
    first = error.errors()[0]
    location = [str(part) for part in first["loc"] if part != "[key]"]
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = _unknown_key(location[-1], list(_section(model, location[:-1]).model_fields))
    elif not isinstance(first["input"], dict | list | BaseModel):
        message += f", got {first['input']!r}"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return ": ".join(part for part in (".".join(location), message) if part) + more


def _unknown_key(key: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"unknown key{f' (did you mean {close[0]}?)' if close else ''}; known are {', '.join(known)}"


def _section(model: Any, location: Sequence[str]) -> type[BaseModel]:
    """The model at a location below a model, through maps of models and optional ones."""
    for part in location:
        fields = getattr(model, "model_fields", None)
        model = fields[part].annotation if fields else get_args(model)[1]
        if get_origin(model) is UnionType:
            model = get_args(model)[0]
    section: type[BaseModel] = model
    return section
