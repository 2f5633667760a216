"""Section `grid`: the settings of phase III that are evaluated."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from speceyes.method.confidence import METRICS, Metric
from speceyes.study.config.fields import Batch, Distinct, Name, Section, Threshold, TopK

Thresholds = Annotated[tuple[Threshold, ...], Field(min_length=1), Distinct]


class GridConfig(Section):
    """Which settings are evaluated by replay."""

    metrics: Annotated[tuple[Metric, ...], Distinct] = Field(
        METRICS,
        min_length=1,
        description="Confidence metrics: the paper's four, or functions of your own as package.module:function.",
    )
    top_k: Annotated[tuple[TopK, ...], Distinct] = Field((32, 48, 64, 80, 96), min_length=1, description="Values of K.")
    default_thresholds: Thresholds = Field(
        (0.995, 0.99, 0.98, 0.97, 0.96, 0.95, 0.94), description="Thresholds of benchmarks that have none of their own."
    )
    thresholds: dict[Name, Thresholds] = Field(
        default_factory=dict, description="Thresholds per benchmark; without them, the default ones."
    )
    batch_sizes: dict[Name, Annotated[tuple[Batch, ...], Distinct]] = Field(
        default_factory=dict, description="Batch sizes per benchmark at which screening and drafting are timed as well."
    )
    main_top_k: TopK = Field(64, description="K of the main table and the threshold ablation.")
