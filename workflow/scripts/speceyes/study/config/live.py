"""Section `live`: the settings that are also timed end to end."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from speceyes.method.confidence import METRICS, Metric
from speceyes.study.config.fields import Batch, Distinct, Section


class LiveConfig(Section):
    """Which settings also run live, timed end to end."""

    metrics: Annotated[tuple[Metric, ...], Distinct] = Field(
        METRICS, description="Metrics of the grid whose main-table setting also runs live; others are left out."
    )
    batch_sizes: Annotated[tuple[Batch, ...], Distinct] = Field(
        (), description="Batch sizes at which they run; empty: the main table's."
    )
