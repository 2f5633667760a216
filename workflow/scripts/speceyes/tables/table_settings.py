"""What a study says of itself to the modules that make its tables."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from speceyes.analysis.settings import StatisticsSettings
from speceyes.method.confidence import Metric


class OperatingPoint(BaseModel):
    """The main table's threshold of a metric for an agent on a benchmark."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str
    benchmark: str
    metric: Metric
    threshold: float


class TableSettings(BaseModel):
    """The study's choices that tables depend on beside what they read.

    Attributes:
        comparable: whether the study's models and data are the paper's.
        top_ks: every K at which there are confidences.
        points: the main table's thresholds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    comparable: bool
    metrics: tuple[Metric, ...]
    top_ks: tuple[int, ...]
    main_top_k: int
    points: tuple[OperatingPoint, ...]
    statistics: StatisticsSettings
