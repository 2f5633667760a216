"""Section `grid`: the settings of phase III that are evaluated."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from speceyes.method.confidence import METRICS, Metric
from speceyes.study.config.fields import Batch, Distinct, Name, Section, Threshold, TopK


class GridConfig(Section):
    """Which settings are evaluated by replay."""

    metrics: Annotated[tuple[Metric, ...], Distinct] = Field(
        METRICS,
        min_length=1,
        description="Confidence metrics: the paper's four, or functions of your own as package.module:function.",
    )
    top_k: Annotated[tuple[TopK, ...], Distinct] = Field((32, 48, 64, 80, 96), min_length=1, description="Values of K.")
    thresholds: dict[Name, Annotated[tuple[Threshold, ...], Field(min_length=1), Distinct]] = Field(
        description="Thresholds per benchmark."
    )
    batch_sizes: dict[Name, Annotated[tuple[Batch, ...], Distinct]] = Field(
        default_factory=dict, description="Batch sizes per benchmark at which screening and drafting are run again."
    )
    main_top_k: TopK = Field(64, description="K of the main table and the threshold ablation.")
