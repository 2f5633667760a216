"""Section `corrected`: where agents of the published protocol also run under the corrected one."""

from __future__ import annotations

from pydantic import Field

from speceyes.study.config.fields import Section


class CorrectedConfig(Section):
    """A sample of images; what both protocols ask alike is asked once."""

    images: int = Field(0, ge=0, description="Images per split, with all their questions; 0: none.")
    seed: int = Field(0, description="Seed by which they are drawn.")
