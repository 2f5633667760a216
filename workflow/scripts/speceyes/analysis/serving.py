"""Answers per second under load, with the interval that one run has.

Answers that follow each other come from the same batches and wait for each other, so they are no independent
sample. A run is cut into blocks of as many answers as were under way on average: by the end of a block about
every question of its beginning has been replaced, and blocks vary nearly independently (batch means; Law and
Kelton, Simulation Modeling and Analysis, chapter 9). Runs repeat the same questions in the same order, so their
blocks are added up and not counted anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from speceyes.records.arrays import Floats


@dataclass(frozen=True, slots=True)
class RateEstimate:
    """A rate or a ratio of two, with its interval; limits are NaN where fewer than two blocks tell of it."""

    estimate: float
    low: float
    high: float


def answers_per_second(runs: pd.DataFrame, level: float) -> RateEstimate:
    """Answers of all runs over the seconds that they took.

    Args:
        runs: of one system at one level; columns ``repeat``, ``answer_s``, ``latency_s``.
        level: of the interval.
    """
    return _measured([_Blocks(runs, block_count(runs))], level)


def gain(runs: pd.DataFrame, others: pd.DataFrame, level: float) -> RateEstimate:
    """Answers per second in some runs over those in others to which the same questions were put in the same order.

    Blocks are compared in pairs, as they hold about the same questions.

    Args:
        runs: as above.
        others: the same of the other system or level.
        level: of the interval.
    """
    blocks = min(block_count(runs), block_count(others))
    return _measured([_Blocks(runs, blocks), _Blocks(others, blocks)], level)


def block_count(runs: pd.DataFrame) -> int:
    """How many blocks a run has."""
    by_run = runs.groupby("repeat")
    under_way = (by_run["latency_s"].sum() / by_run["answer_s"].max()).max()
    return max(1, int(by_run.size().min() // math.ceil(under_way)))


class _Blocks:
    """Answers and seconds in each block of consecutive answers, (blocks,), added up over runs."""

    def __init__(self, runs: pd.DataFrame, blocks: int) -> None:
        self.answers: Floats = np.zeros(blocks)
        self.seconds: Floats = np.zeros(blocks)
        for _, run in runs.groupby("repeat"):
            ends = np.linspace(0, len(run), blocks + 1).round().astype(np.int64)
            times = np.concatenate([[0.0], np.sort(run["answer_s"].to_numpy(dtype=np.float64))])
            self.answers += np.diff(ends)
            self.seconds += np.diff(times[ends])

    @property
    def rate(self) -> float:
        return float(self.answers.sum() / self.seconds.sum())

    @property
    def influence(self) -> Floats:
        """What each block adds to the logarithm of the rate, in first order; 0 on average."""
        added: Floats = self.answers / self.answers.sum() - self.seconds / self.seconds.sum()
        return added


def _measured(parts: Sequence[_Blocks], level: float) -> RateEstimate:
    """The first rate, over the second where there are two, by the delta method on its logarithm."""
    first, *second = parts
    estimate = first.rate / second[0].rate if second else first.rate
    influence = first.influence - second[0].influence if second else first.influence
    blocks = len(influence)
    error = math.sqrt(blocks / (blocks - 1) * (influence**2).sum()) if blocks > 1 else math.nan
    if not error > 0:
        return RateEstimate(estimate, math.nan, math.nan)
    margin = math.exp(float(stdtrit(blocks - 1, (1 + level) / 2)) * error)
    return RateEstimate(estimate, estimate / margin, estimate * margin)
