"""Section `models`: where models lie and how they are loaded."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from speceyes.engines.in_process import TransformersSettings
from speceyes.engines.registry import DEFAULT_TYPE, load_engine_type
from speceyes.engines.served import ServedSettings
from speceyes.engines.settings import EngineSettings
from speceyes.study.config.errors import check_settings
from speceyes.study.config.fields import Commit, Folder, HubId, Section


class ModelConfig(Section):
    """One model: where it lies and how it is loaded."""

    path: Folder = Field(description="Local folder with weights, config, tokenizer and image processor.")
    source: HubId | None = Field(None, description="Hub id to download from when the folder is not there.")
    revision: Commit | None = Field(None, description="Pinned revision; null is resolved at download and recorded.")
    engine: SerializeAsAny[TransformersSettings | ServedSettings | EngineSettings] = Field(
        default_factory=TransformersSettings, description="What runs it, and how."
    )
    gpus: int = Field(
        1,
        ge=0,
        description="GPUs of a job that runs it; several in process need engine.device_map; 0: computes without.",
    )

    @field_validator("engine", mode="before")
    @classmethod
    def _engine_fits(cls, engine: Any) -> EngineSettings:
        if not isinstance(engine, dict):
            raise ValueError("must be a map of keys")
        named = {"type": DEFAULT_TYPE} | engine
        return check_settings(load_engine_type(str(named["type"])).Settings, named)

    @property
    def weights(self) -> str | list[str]:
        """The folder that must be there before a job asks the model; none where a server holds it already."""
        return self.path if self.engine.reads_weights else []

    @model_validator(mode="after")
    def _gpus_are_used(self) -> ModelConfig:
        if self.gpus > 1 and not self.engine.uses_several_gpus:
            raise ValueError(f"gpus: {self.gpus} are of no use without engine.device_map")
        return self
