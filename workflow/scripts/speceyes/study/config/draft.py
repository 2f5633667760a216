"""Section `draft`: phase II."""

from __future__ import annotations

from pydantic import Field

from speceyes.method.draft import DraftSettings
from speceyes.study.config.fields import Batch, PerBenchmark, Section

BATCH = 6  # the paper's


class DraftConfig(Section):
    """Phase II."""

    model: str = Field("draft", description="Key under models.")
    batch_size: PerBenchmark[Batch] = Field(
        BATCH,
        description="Samples per batch in screening and drafting (paper: 6); or per benchmark, others 6.",
    )
    settings: DraftSettings = Field(default_factory=DraftSettings, description="Answer length and stored top-K.")

    def batch(self, benchmark: str) -> int:
        """Samples per batch on a benchmark."""
        return self.batch_size.get(benchmark, BATCH) if isinstance(self.batch_size, dict) else self.batch_size
