"""Which load is offered to the agent alone and to the funnel."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Arrivals(NamedTuple):
    """How questions come: ``level`` at any time (closed), or ``level`` per second on average (poisson)."""

    kind: Literal["closed", "poisson"]
    level: float

    @property
    def under_way(self) -> int:
        """Questions that are under way at any time; none can be told of those that come at random."""
        return int(self.level) if self.kind == "closed" else 0


class LoadSettings(BaseModel):
    """Which load is offered."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    concurrency: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = Field(
        (1, 4, 16, 64), description="Questions under way at any time: a new one comes when one is answered."
    )
    rates: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (), description="Questions per second that come at random times (Poisson), however many are under way."
    )
    questions: int = Field(
        64,
        gt=0,
        description="Questions per benchmark; in all several times those under way, for intervals.",
    )
    repeats: int = Field(3, gt=0, description="Runs of each system at each level.")
    largest_batch: int = Field(64, gt=0, description="Requests that a model in the job's own process answers at once.")
    seed: int = Field(0, ge=0, description="Of the questions, their order and their times.")

    @model_validator(mode="after")
    def _every_level_is_offered_once(self) -> LoadSettings:
        for name, levels in (("concurrency", self.concurrency), ("rates", self.rates)):
            if len(set(levels)) < len(levels):
                raise ValueError(f"{name}: a value stands twice")
        if not self.arrivals:
            raise ValueError("concurrency and rates are both empty; leave the whole section out to offer no load")
        return self

    @property
    def arrivals(self) -> list[Arrivals]:
        """Every way in which questions come."""
        return [
            *(Arrivals("closed", level) for level in self.concurrency),
            *(Arrivals("poisson", r) for r in self.rates),
        ]
