"""The whole configuration as one typed model; only the Snakefile reads it, rules get slices of it.

Every field is described: the JSON schema and the key table in ``config/README.md`` are made from here.
"""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from speceyes.agents.base import load_agent
from speceyes.benchmarks.base import load_reader
from speceyes.confidence import METRICS, Metric
from speceyes.draft import Settings as DraftSettings
from speceyes.engines.settings import EngineSettings
from speceyes.judging.settings import ClientSettings, ServerSettings
from speceyes.miniature.generate import Sizes
from speceyes.specreason import Settings as SpecReasonSettings
from speceyes.specreason import Variant


class ConfigError(Exception):
    """A configuration that cannot be used: one line naming the key and what it may be."""


def _open_unit(value: float) -> float:
    if not 0 < value < 1:
        raise ValueError("must lie strictly between 0 and 1")
    return value


Threshold = Annotated[float, AfterValidator(_open_unit)]
TopK = Annotated[int, Field(ge=2)]
Batch = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelConfig(_Section):
    """One model: where it lies and how it is loaded."""

    path: str = Field(description="Local folder with weights, config, tokenizer and image processor.")
    source: str | None = Field(None, description="Hub id to download from when the folder is not there.")
    revision: str | None = Field(None, description="Pinned revision; null is resolved at download and recorded.")
    engine: EngineSettings = Field(default_factory=EngineSettings, description="Type, attention, device, view size.")


class BenchmarkConfig(_Section):
    """One benchmark on disk."""

    reader: str = Field(description="Reader class as package.module:Class.")
    path: str = Field(description="Folder with the official files.")
    source: str | None = Field(None, description="Dataset id to download from when the folder is not there.")
    splits: dict[str, int | None] = Field(
        min_length=1, description="Splits and their official number of rows, if known."
    )
    settings: dict[str, Any] = Field(default_factory=dict, description="The reader's own settings.")

    @model_validator(mode="after")
    def _settings_fit(self) -> BenchmarkConfig:
        load_reader(self.reader).Settings.model_validate(self.settings)
        return self


class AgentConfig(_Section):
    """One agent: its class, its model, its settings."""

    type: str = Field(description="Agent class as package.module:Class.")
    model: str = Field(description="Key under models.")
    settings: dict[str, Any] = Field(default_factory=dict, description="The agent's own settings.")

    @model_validator(mode="after")
    def _settings_fit(self) -> AgentConfig:
        load_agent(self.type).Settings.model_validate(self.settings)
        return self


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


class StatisticsConfig(_Section):
    """Intervals and the recommended threshold."""

    resamples: int = Field(2000, ge=100, description="Bootstrap resamples, drawn over images.")
    level: float = Field(0.95, gt=0, lt=1, description="Level of intervals.")
    seed: int = Field(20260323, description="Seed of resampling and of the calibration split.")
    calibration_share: float = Field(0.5, gt=0, lt=1, description="Share of images used to choose a threshold.")
    epsilon: float = Field(
        0.05, gt=0, lt=1, description="Accuracy that the recommended threshold may lose against the agent."
    )
    delta: float = Field(0.1, gt=0, lt=1, description="Probability with which that bound may fail.")


class ShardsConfig(_Section):
    """Into how many jobs each expensive stage of a split is cut."""

    draft: Annotated[int, Field(ge=1)] = 1
    screen: Annotated[int, Field(ge=1)] = 1
    agent: Annotated[int, Field(ge=1)] = 1
    specreason: Annotated[int, Field(ge=1)] = 1


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
    models: dict[str, ModelConfig]
    benchmarks: dict[str, BenchmarkConfig] = Field(min_length=1)
    agents: dict[str, AgentConfig] = Field(min_length=1)
    draft: DraftConfig = Field(default_factory=DraftConfig)
    screening: ScreeningConfig = Field(default_factory=ScreeningConfig)
    grid: GridConfig
    operating_points: dict[str, dict[str, dict[Metric, Threshold]]] = Field(
        description="Main-table threshold per agent, benchmark and metric."
    )
    live: LiveConfig = Field(default_factory=LiveConfig)
    specreason: SpecReasonConfig = Field(default_factory=SpecReasonConfig)
    judge: JudgeConfig
    statistics: StatisticsConfig = Field(default_factory=StatisticsConfig)
    shards: ShardsConfig = Field(default_factory=ShardsConfig)
    miniature: MiniatureConfig | None = Field(None, description="Set in the miniature study only.")

    @model_validator(mode="after")
    def _names_exist(self) -> Config:
        _check("draft.model", [self.draft.model], self.models)
        _check("judge.model", [self.judge.model], self.models)
        for name, agent in self.agents.items():
            _check(f"agents.{name}.model", [agent.model], self.models)
        _check("specreason.agents", self.specreason.agents, self.agents)
        _check("grid.thresholds", self.benchmarks, self.grid.thresholds)
        for name in self.agents:
            _check("operating_points", [name], self.operating_points)
            for benchmark in self.benchmarks:
                _check(f"operating_points.{name}", [benchmark], self.operating_points[name])
                _check(
                    f"operating_points.{name}.{benchmark}", self.grid.metrics, self.operating_points[name][benchmark]
                )
        largest = max(*self.grid.top_k, self.grid.main_top_k)
        if largest > self.draft.settings.top_k:
            raise ValueError(
                f"grid.top_k asks for {largest}, but draft.settings.top_k stores {self.draft.settings.top_k}"
            )
        return self


def _check(key: str, wanted: Any, known: Any) -> None:
    for name in wanted:
        if name not in known:
            raise ValueError(f"{key}: {name!r} is not among {sorted(known)}")


def load_config(raw: dict[str, Any]) -> Config:
    """Validate what Snakemake merged from files and command line.

    Raises:
        ConfigError: one line with the key, what is wrong, and the allowed values or the closest key.
    """
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(_one_line(error)) from None


def _one_line(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "config"
    if first["type"] == "extra_forbidden":
        return f"config: unknown key {key}{_closest(first['loc'])}"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    message = first["msg"].removeprefix("Value error, ")
    given = f", got {first['input']!r}" if not isinstance(first["input"], dict | list) else ""
    return f"config: {key}: {message}{given}{more}"


def _closest(location: tuple[int | str, ...]) -> str:
    section: Any = Config
    for part in location[:-1]:
        fields = getattr(section, "model_fields", {})
        annotation = fields[str(part)].annotation if str(part) in fields else section
        section = next((a for a in getattr(annotation, "__args__", ()) if hasattr(a, "model_fields")), annotation)
    names = list(getattr(section, "model_fields", {}))
    close = difflib.get_close_matches(str(location[-1]), names, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known keys: {', '.join(names)}"
