"""Section `specreason`: the peer method."""

from __future__ import annotations

from pydantic import Field

from speceyes.method.specreason import Settings as SpecReasonSettings
from speceyes.method.specreason import Variant
from speceyes.study.config.fields import Section


class SpecReasonConfig(Section):
    """The peer method."""

    agents: tuple[str, ...] = Field((), description="Agents it runs on.")
    variants: tuple[Variant, ...] = Field(("published", "corrected"), description="published port, corrected port.")
    settings: SpecReasonSettings = Field(default_factory=SpecReasonSettings, description="Score bound and step limit.")
