"""The funnel composed from outcomes: who answers, how right it is, what it costs; one value per sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from speceyes.analysis.outcomes import confidence_column
from speceyes.judging.scorers import SCORER
from speceyes.method.gate import accepts
from speceyes.records.arrays import Floats, Mask


@dataclass(frozen=True)
class FunnelOutcomes:
    """Samples of one agent, with what each phase would say and take.

    Args:
        rows: from :func:`speceyes.analysis.outcomes.outcomes`.
        top_k: K of the confidences.
    """

    rows: pd.DataFrame
    top_k: int

    def seconds_of(self, phase: str) -> Floats:
        """Seconds that a phase (screen, draft, agent) takes for each sample."""
        return self.rows[f"{phase}_s"].to_numpy(dtype=np.float64)

    @property
    def tool_free(self) -> Mask:
        """What screening passes to the draft."""
        return self.rows["tool_free"].to_numpy(dtype=bool)

    def confidence(self, metric: str, top_k: int | None = None) -> Floats:
        """Confidence of each draft answer."""
        return self.rows[confidence_column(metric, top_k or self.top_k)].to_numpy(dtype=np.float64)

    def accepted(self, metric: str, threshold: float, top_k: int | None = None) -> Mask:
        """Draft answers that screening and gate keep."""
        return self.tool_free & accepts(self.confidence(metric, top_k), threshold)

    def right(self, accepted: Mask) -> Floats:
        """1 right, 0 wrong, NaN unscored."""
        draft, agent = (self.rows[f"{who}_{SCORER}"].to_numpy(dtype=np.float64) for who in ("draft", "agent"))
        return np.where(accepted, draft, agent)

    def seconds(self, accepted: Mask) -> Floats:
        """With screening and gate."""
        drafted = np.where(self.tool_free, self.seconds_of("draft"), 0.0)
        return self.seconds_of("screen") + drafted + np.where(accepted, 0.0, self.seconds_of("agent"))

    def most_confident(self, confidence: Floats, among: Mask, saved: float) -> Mask:
        """As many of the surest answers as spare the agent about ``saved`` seconds; ties in the samples' order."""
        order = np.flatnonzero(among)[np.argsort(-confidence[among], kind="stable")]
        spared = np.concatenate([[0.0], np.cumsum(np.nan_to_num(self.seconds_of("agent")[order]))])
        kept = np.zeros_like(among)
        kept[order[: int(np.argmin(np.abs(spared - saved)))]] = True
        return kept
