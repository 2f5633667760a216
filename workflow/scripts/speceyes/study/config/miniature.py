"""Section `miniature`: benchmarks that are drawn."""

from __future__ import annotations

from pydantic import Field

from speceyes.miniature.generate import BENCHMARKS, Sizes
from speceyes.study.config.fields import Folder, Section


class MiniatureConfig(Section):
    """The miniature's generated benchmarks."""

    sizes: Sizes = Field(default_factory=Sizes, description="Questions per benchmark.")
    seed: int = Field(2603, description="Seed of the test pictures.")
    folder: Folder = Field("resources/miniature/benchmarks", description="Where they are written.")

    @property
    def benchmarks(self) -> dict[str, str]:
        """The folder of each benchmark."""
        return {name: f"{self.folder}/{name}" for name in BENCHMARKS}

    @property
    def scenes(self) -> str:
        """The table of what each picture shows."""
        return f"{self.folder}/scenes.csv"
