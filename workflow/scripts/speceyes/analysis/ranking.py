"""How well a confidence ranks right answers above wrong ones: areas with intervals by image, and paired differences.

An area's spread comes from the influence of each image on it (the infinitesimal jackknife; for the
AUROC: DeLong et al., Biometrics 44, 1988, by image as in Obuchowski, Biometrics 53, 1997), so nothing is
resampled and no resample can lack a class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtr

from speceyes.analysis.proportions import BELIEF, by_image, clopper_pearson, combined_margin
from speceyes.records.arrays import Counts, Floats, Mask


@dataclass(frozen=True, slots=True)
class Area:
    """An area between 0 and 1, each image's influence on it, and how many images bear on it at least."""

    value: float
    influence: Floats
    images: int

    @property
    def variance(self) -> float:
        """Variance of the area, were other images drawn."""
        count = len(self.influence)
        return float((self.influence**2).sum() * count / (count - 1)) if count > 1 else np.nan

    def interval(self, level: float) -> tuple[float, float]:
        """Clopper-Pearson limits on the count of answers whose share would spread as much; they always have width."""
        spread = self.value * (1 - self.value)
        seen = self.variance / spread if spread > 0 and self.variance > 0 else 1 / self.images
        weight = self.images / (self.images + BELIEF)
        effective = 1 / (weight * seen + (1 - weight) / self.images)
        low, high = clopper_pearson(np.array(self.value), np.array(max(effective, 1.0)), level)
        return float(low), float(high)


def auroc(right: Mask, confidence: Floats, images: Counts) -> Area | None:
    """Share of (right, wrong) pairs that the confidence ranks rightly, ties counting half; None without a pair.

    Args:
        right: (answers,).
        confidence: (answers,), higher is surer.
        images: the number of each answer's image, from 0 without gaps.
    """
    if right.all() or not right.any():
        return None
    ranks = _ranks(confidence)
    influence = np.zeros(len(right))
    above = (ranks[right] - _ranks(confidence[right])) / (~right).sum()  # share of wrong ones below
    below = 1 - (ranks[~right] - _ranks(confidence[~right])) / right.sum()  # share of right ones above
    value = float(above.mean())
    influence[right] = (above - value) / right.sum()
    influence[~right] = (below - value) / (~right).sum()
    rarer = min(len(np.unique(images[right])), len(np.unique(images[~right])))
    return Area(value, by_image(influence, images), rarer)


def aurc(right: Mask, confidence: Floats, images: Counts) -> Area | None:
    """Mean over k of the error among the k most confident answers; tied answers share their error evenly.

    None where there is no answer. Arguments as of :func:`auroc`.
    """
    if not len(right):
        return None
    _, codes = np.unique(-confidence, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    alike = np.bincount(codes, weights=~right) / sizes  # error of each level of confidence
    count = np.arange(1, len(right) + 1)
    errors = alike[codes[order]]
    risks = np.cumsum(errors) / count
    value = float(risks.mean())
    weights = np.cumsum((1 / count)[::-1])[::-1] / len(right)  # what one error at each rank costs
    carried = errors * weights - np.cumsum((risks / count)[::-1])[::-1] / len(right)
    shared = np.bincount(codes[order], weights=(risks - value) / len(right) + carried) / sizes
    cost = np.bincount(codes[order], weights=weights) / sizes
    influence = shared[codes] + (~right - alike[codes]) * cost[codes]
    return Area(value, by_image(influence, images), len(np.unique(images)))


@dataclass(frozen=True, slots=True)
class AreaDifference:
    """One area less another on the same answers, with its limits and two-sided p."""

    difference: float
    low: float
    high: float
    p: float


def area_difference(one: Area, other: Area, level: float) -> AreaDifference:
    """Compare two confidences on the same answers.

    Limits are those of the two areas, combined by their correlation (MOVER; Zou and Donner, 2008) and
    drawn out to hold 0 where the test by image, Student's t, does not reject.
    """
    difference = one.value - other.value
    both = np.sqrt((one.influence**2).sum() * (other.influence**2).sum())
    correlation = float((one.influence * other.influence).sum() / both) if both > 0 else 0.0
    (one_low, one_high), (other_low, other_high) = one.interval(level), other.interval(level)
    low = difference - float(combined_margin(one.value - one_low, other_high - other.value, correlation))
    high = difference + float(combined_margin(one_high - one.value, other.value - other_low, correlation))
    p = _p_value(difference, Area(0.0, one.influence - other.influence, one.images).variance, one.images)
    if p > 1 - level:
        low, high = min(low, 0.0), max(high, 0.0)
    return AreaDifference(difference, low, high, p)


def _ranks(confidence: Floats) -> Floats:
    """From 1; equal ones share the mean of their ranks."""
    return np.asarray(pd.Series(confidence).rank(), dtype=np.float64)


def _p_value(difference: float, variance: float, images: int) -> float:
    """1 where there is no difference, or no spread to hold it against."""
    if difference == 0 or images < 2 or not variance > 0:
        return 1.0
    return float(2 * stdtr(images - 1, -abs(difference) / np.sqrt(variance)))
