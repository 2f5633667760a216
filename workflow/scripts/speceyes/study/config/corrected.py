"""Section `corrected`: where what runs under the published protocol also runs under the corrected one."""

from __future__ import annotations

from pydantic import Field

from speceyes.study.config.fields import Section


class CorrectedConfig(Section):
    """A sample of images, for agents and for SpecReason unless its corrected variant runs on all of them."""

    images: int = Field(0, ge=0, description="Images per split, with all their questions; 0: none.")
    seed: int = Field(0, description="Seed by which they are drawn.")
