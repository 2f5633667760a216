"""Settings of the statistics."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class StatisticsSettings(BaseModel):
    """Intervals and the recommended threshold."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    resamples: int = Field(2000, ge=100, le=10**6, description="Bootstrap resamples, drawn over images.")
    level: float = Field(0.95, gt=0, lt=1, description="Level of intervals.")
    seed: int = Field(20260323, ge=0, description="Seed of resampling and of the calibration split.")
    calibration_share: float = Field(0.5, gt=0, lt=1, description="Share of images used to choose a threshold.")
    epsilon: float = Field(
        0.05, gt=0, lt=1, description="Accuracy that the recommended threshold may lose against the agent."
    )
    delta: float = Field(0.1, gt=0, lt=1, description="Probability with which that bound may fail.")
