"""Section `models`: where models lie and how they are loaded."""

from __future__ import annotations

from pydantic import Field, model_validator

from speceyes.engines.settings import EngineSettings
from speceyes.study.config.fields import Commit, Folder, HubId, Section


class ModelConfig(Section):
    """One model: where it lies and how it is loaded."""

    path: Folder = Field(description="Local folder with weights, config, tokenizer and image processor.")
    source: HubId | None = Field(None, description="Hub id to download from when the folder is not there.")
    revision: Commit | None = Field(None, description="Pinned revision; null is resolved at download and recorded.")
    engine: EngineSettings = Field(default_factory=EngineSettings, description="Type, attention, device, view size.")
    gpus: int = Field(1, ge=1, description="GPUs of a job that runs it in process; several need engine.device_map.")

    @model_validator(mode="after")
    def _gpus_are_used(self) -> ModelConfig:
        if self.gpus > 1 and self.engine.device_map is None:
            raise ValueError(f"gpus: {self.gpus} are of no use without engine.device_map")
        return self
