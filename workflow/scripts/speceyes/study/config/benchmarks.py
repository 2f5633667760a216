"""Section `benchmarks`: what is asked."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from speceyes.benchmarks.base import load_reader
from speceyes.study.config.classes import fits, loads
from speceyes.study.config.fields import Folder, HubId, Name, Section


class BenchmarkConfig(Section):
    """One benchmark on disk."""

    reader: Annotated[str, loads(load_reader)] = Field(description="Reader class as package.module:Class.")
    path: Folder = Field(description="Folder with the official files.")
    source: HubId | None = Field(None, description="Dataset id to download from when the folder is not there.")
    splits: dict[Name, Annotated[int, Field(gt=0)] | None] = Field(
        min_length=1, description="Splits and their official number of rows, if known."
    )
    settings: Annotated[dict[str, Any], fits(load_reader, "reader")] = Field(
        default_factory=dict, description="The reader's own settings, see below."
    )
