"""Section `specreason`: the peer method."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from speceyes.method.specreason import SpecReasonSettings, Variant
from speceyes.study.config.fields import Distinct, Name, Section


class SpecReasonConfig(Section):
    """The peer method."""

    agents: Annotated[tuple[Name, ...], Distinct] = Field((), description="Agents it runs on.")
    benchmarks: Annotated[tuple[Name, ...], Distinct] | None = Field(
        None, description="Benchmarks it runs on; all of them unless given."
    )
    variants: Annotated[tuple[Variant, ...], Distinct] = Field(
        ("published", "corrected"), description="published port, corrected port."
    )
    settings: SpecReasonSettings = Field(default_factory=SpecReasonSettings, description="Score bound and step limit.")
