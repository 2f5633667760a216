"""The settings of a study: what each method is run with, and the whole grid of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from speceyes.method.confidence import Metric

Method = Literal["draft", "agent", "speceyes", "screening-only", "gate-only", "specreason", "specreason-corrected"]
SPECREASON: dict[str, Method] = {"published": "specreason", "corrected": "specreason-corrected"}


@dataclass(frozen=True, slots=True)
class GridSetting:
    """One row of the settings table; fields that a method has no use for are None (``metric``: empty).

    ``main_table`` marks the settings that the main table reports.
    """

    method: Method
    metric: Metric | Literal[""] = ""
    top_k: int | None = None
    threshold: float | None = None
    batch_size: int | None = None
    main_table: bool = False

    def __str__(self) -> str:
        parts = (
            str(self.method),
            self.metric,
            f"k{self.top_k}" if self.top_k else "",
            f"t{self.threshold:g}" if self.threshold else "",
            f"b{self.batch_size}" if self.batch_size else "",
        )
        return "-".join(part for part in parts if part)


SETTING_FIELDS = ("method", "metric", "top_k", "threshold", "batch_size", "main_table")


class Grid(BaseModel):
    """The settings of one agent on one benchmark."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: tuple[Metric, ...] = Field(min_length=1)
    top_ks: tuple[int, ...] = Field(min_length=1)
    thresholds: tuple[float, ...] = Field(min_length=1)
    batch_sizes: tuple[int, ...] = Field(min_length=1)
    operating_points: dict[Metric, float] = Field(description="The main table's threshold per metric.")
    main_top_k: int
    main_batch_size: int

    def settings(self, variants: Sequence[str] = ()) -> list[GridSetting]:
        """Every setting once: references first, then the funnel's grid; SpecReason's ``variants`` last."""
        ablated = {*self.batch_sizes, self.main_batch_size}
        batches = sorted(ablated)
        references = [GridSetting("agent", main_table=True)]
        references += [GridSetting("draft", batch_size=b, main_table=b == self.main_batch_size) for b in batches]
        references += [GridSetting("screening-only", batch_size=b) for b in batches]
        peers = [GridSetting(SPECREASON[variant], main_table=variant == "published") for variant in variants]
        return [
            *references,
            *self._gated("gate-only", [self.main_batch_size]),
            *self._gated("speceyes", batches),
            *peers,
        ]

    def _gated(self, method: Method, batches: Sequence[int]) -> Iterator[GridSetting]:
        """A gated method over metrics, Ks, thresholds and batch sizes."""
        for metric, top_k, batch in product(self.metrics, sorted({*self.top_ks, self.main_top_k}), batches):
            point = self.operating_points.get(metric)
            for threshold in sorted({*self.thresholds, *([point] if point is not None else [])}):
                is_main = (top_k, batch, threshold) == (self.main_top_k, self.main_batch_size, point)
                yield GridSetting(method, metric, top_k, threshold, batch, is_main and method == "speceyes")
