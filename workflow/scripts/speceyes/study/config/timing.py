"""Section `timing`: what is measured by the clock."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from speceyes.study.config.fields import PerBenchmark, Section

Images = Annotated[int, Field(gt=0)] | None


class TimingConfig(Section):
    """On which samples times are measured; answers are computed on all."""

    images: PerBenchmark[Images] = Field(
        None,
        description="Images of each split whose samples are timed; null: all; or per benchmark, others all.",
    )
    repeats: int = Field(1, gt=0, description="How often each of them is timed.")
    seed: int = Field(0, description="Draws these images.")

    def images_of(self, benchmark: str) -> int | None:
        """Images of each of a benchmark's splits that are timed; None: all."""
        return self.images.get(benchmark) if isinstance(self.images, dict) else self.images
