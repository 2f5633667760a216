"""Section `benchmarks`: what is asked."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from speceyes.benchmarks.base import load_reader
from speceyes.study.config.errors import check_settings
from speceyes.study.config.fields import Folder, HubId, Name, Section


class BenchmarkConfig(Section):
    """One benchmark on disk."""

    reader: str = Field(description="Reader class as package.module:Class.")
    path: Folder = Field(description="Folder with the official files.")
    source: HubId | None = Field(None, description="Dataset id to download from when the folder is not there.")
    splits: dict[Name, Annotated[int, Field(gt=0)] | None] = Field(
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
            check_settings(load_reader(info.data["reader"]).Settings, settings)
        return settings
