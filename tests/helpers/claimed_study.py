"""Tables of a study in which the paper's claims hold, drawn from a seed; each argument can make some of them false."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit
from speceyes.analysis.claims.evidence import ClaimTables, ratio
from speceyes.analysis.funnel import FunnelOutcomes
from speceyes.analysis.settings import StatisticsSettings

POINT = 0.88
THRESHOLDS = (0.5, 0.7, 0.8, POINT, 0.95, 0.97, 0.99)
TOP_KS = (32, 64, 96)
SIZES = (1, 2, 4, 8)
PLACE = {"agent": "deepeyes", "benchmark": "vstar", "split": "direct_attributes"}
STATISTICS = StatisticsSettings(resamples=200)


@dataclass(frozen=True)
class ClaimedStudy:
    """How far right and wrong answers stand apart under each metric, in standard deviations, and what phases cost."""

    samples: int = 2000
    apart: float = 5.0
    log_apart: float = 1.0
    mean_apart: float = 1.5
    wrong_share: float = 0.35
    agent_right: float = 0.92
    screen_s: float = 0.1
    shift_by_k: float = 0.05
    seconds_per_call: float = 0.5
    batch_exponent: float = -1.0
    peer_speedup: float = 0.5
    throughput_gain: float = 1.8
    throughput_rise: float = 1.5

    def tables(self) -> ClaimTables:
        outcomes = self.outcomes()
        return ClaimTables(
            settings=self.settings(outcomes),
            outcomes=outcomes,
            batches=self.batches(outcomes),
            load=self.load(),
            top_k=64,
            statistics=STATISTICS,
        )

    def outcomes(self) -> pd.DataFrame:
        """Screening keeps from the draft what it gets wrong without knowing."""
        draw = np.random.default_rng(0)
        tool_free = draw.random(self.samples) > 0.08
        right = draw.random(self.samples) > np.where(tool_free, self.wrong_share, min(0.5, 2 * self.wrong_share))
        sure = right | ~tool_free
        calls = draw.integers(0, 4, self.samples)
        frame = pd.DataFrame(
            {
                **PLACE,
                "sample_id": [f"s{number}" for number in range(self.samples)],
                "image_id": [f"i{number}" for number in range(self.samples)],
                "tool_free": tool_free,
                "timed": True,
                "screen_s": self.screen_s,
                "draft_s": 0.05,
                "agent_s": 2 + self.seconds_per_call * calls + draw.normal(0, 0.1, self.samples),
                "tool_calls": calls,
                "draft_corrected": right.astype(float),
                "agent_corrected": (draw.random(self.samples) < self.agent_right).astype(float),
            }
        )
        apart = {"min": self.apart, "log": self.log_apart, "mean": self.mean_apart, "bottom20": self.mean_apart}
        for metric, distance in apart.items():
            raw = 4 - distance * ~sure + draw.normal(0, 1, self.samples)
            for number, top_k in enumerate(TOP_KS):
                frame[f"{metric}_k{top_k}"] = expit(raw + self.shift_by_k * (number - 1))
        return frame

    def settings(self, outcomes: pd.DataFrame) -> pd.DataFrame:
        funnel = FunnelOutcomes(outcomes, 64)
        rows = [
            {"metric": metric, "top_k": top_k, "threshold": threshold, "main_table": (top_k, threshold) == (64, POINT)}
            | self._speedup(funnel, funnel.accepted(metric, threshold, top_k))
            for metric in ("log", "mean", "bottom20", "min")
            for top_k in TOP_KS
            for threshold in THRESHOLDS
        ]
        low, high = self.peer_speedup - 0.05, self.peer_speedup + 0.05
        peer = {"method": "specreason", "metric": "", "main_table": True, "speedup": self.peer_speedup}
        frame = pd.DataFrame([*rows, peer | {"speedup_low": low, "speedup_high": high}])
        return frame.assign(method=frame["method"].fillna("speceyes"), n=self.samples, **PLACE)

    def _speedup(self, funnel: FunnelOutcomes, accepted: npt.NDArray[np.bool_]) -> dict[str, float]:
        named = PLACE | {"quantity": "speedup"}
        found = ratio(named, funnel.rows, funnel.seconds_of("agent"), funnel.seconds(accepted), STATISTICS)
        return {"speedup": found.estimate, "speedup_low": found.low, "speedup_high": found.high}

    def batches(self, outcomes: pd.DataFrame) -> pd.DataFrame:
        kept = outcomes[["agent", "benchmark", "sample_id", "image_id", "agent_s"]]
        seconds = np.random.default_rng(1).random(len(kept))
        return pd.concat(
            [
                kept.assign(batch_size=size, latency_s=0.3 + seconds * float(size) ** self.batch_exponent)
                for size in SIZES
            ],
            ignore_index=True,
        )

    def load(self) -> pd.DataFrame:
        """One run of each system at each number of concurrent questions; one at a time nothing is gained."""
        draw = np.random.default_rng(2)
        rises = {1: 1.0, 4: self.throughput_rise, 16: self.throughput_rise}
        runs = [
            self._run(system, level, draw.gamma(4, 0.25, 160) / rise / (gain if level > 1 else 1))
            for level, rise in rises.items()
            for system, gain in (("agent", 1.0), ("funnel", self.throughput_gain))
        ]
        return pd.concat(runs, ignore_index=True)

    def _run(self, system: str, level: int, waits: npt.NDArray[np.float64]) -> pd.DataFrame:
        """Answers that come so many seconds after each other."""
        place = {"agent": "deepeyes", "system": system, "arrivals": "closed", "level": float(level), "repeat": 0}
        return pd.DataFrame({"answer_s": waits.cumsum(), "latency_s": 0.99 * level * waits.mean()}).assign(**place)
