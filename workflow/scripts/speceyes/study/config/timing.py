"""Section `timing`: what is measured by the clock."""

from __future__ import annotations

from pydantic import Field

from speceyes.study.config.fields import Section


class TimingConfig(Section):
    """On which samples times are measured; answers are computed on all."""

    images: int | None = Field(None, gt=0, description="Images of each split whose samples are timed; null: all.")
    repeats: int = Field(1, gt=0, description="How often each of them is timed.")
    seed: int = Field(0, description="Draws these images.")
