"""Section `draft`: phase II."""

from __future__ import annotations

from pydantic import Field

from speceyes.method.draft import DraftSettings
from speceyes.study.config.fields import Batch, Section


class DraftConfig(Section):
    """Phase II."""

    model: str = Field("draft", description="Key under models.")
    batch_size: Batch = Field(6, description="Samples per batch in screening and drafting (paper: 6).")
    settings: DraftSettings = Field(default_factory=DraftSettings, description="Answer length and stored top-K.")
