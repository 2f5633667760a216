"""Section `miniature`: benchmarks that are drawn."""

from __future__ import annotations

from pydantic import Field

from speceyes.miniature.generate import Sizes
from speceyes.study.config.fields import Folder, Section


class MiniatureConfig(Section):
    """The miniature's generated benchmarks."""

    sizes: Sizes = Field(default_factory=Sizes, description="Questions per benchmark.")
    seed: int = Field(2603, description="Seed of the test pictures.")
    folder: Folder = Field("resources/miniature/benchmarks", description="Where they are written.")
