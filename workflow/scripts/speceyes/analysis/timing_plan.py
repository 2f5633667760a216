"""How many images are to be timed for a speedup's interval of a stated width, planned from images timed before.

A speedup is the ratio of two sums over images. With m images its relative standard error is s / √m, where s is the
standard deviation between images of a / mean(a) − b / mean(b), a and b being an image's seconds under the agent and
under the method (Cochran, Sampling Techniques, 1977, section 6.4). A few images know s badly: the plan takes an upper
limit of s (Browne, Statistics in Medicine 14, 1995), that of normal deviations. Images whose answer was kept or not
differ otherwise: in simulations the plan held in seven to nine cases of ten instead of nine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy.special import gammaincinv, ndtri

from speceyes.records.arrays import Floats

UPPER = 0.9  # level of the upper limit
# Percentile intervals over fewer images cover less than their level (tests/unit/analysis/test_timing_plan.py).
FEWEST = 20


class Spread(NamedTuple):
    """How much images differ in what a speedup is made of.

    Attributes:
        variance: of relative deviations between images, s².
        freedom: images that it was seen on, less one for each split.
    """

    variance: float
    freedom: int


def spread(agent_s: Floats, method_s: Floats) -> Spread:
    """Of one split.

    Args:
        agent_s: seconds per image under the agent, (images,).
        method_s: seconds per image under the method, (images,).
    """
    images = len(agent_s)
    if images < 2:
        return Spread(math.nan, 0)
    deviations = agent_s / agent_s.mean() - method_s / method_s.mean()
    return Spread(float(deviations @ deviations) / (images - 1), images - 1)


def pooled(spreads: Iterable[Spread]) -> Spread:
    """Of several splits whose images differ alike."""
    seen = [one for one in spreads if one.freedom]
    freedom = sum(one.freedom for one in seen)
    variance = sum(one.variance * one.freedom for one in seen) / freedom if freedom else math.nan
    return Spread(variance, freedom)


def images_needed(known: Spread, width: float, level: float) -> int | None:
    """Images to time so that an interval is at most so wide; None where no two images were seen.

    Args:
        known: from images timed before.
        width: of the interval, upper less lower limit, as a share of the speedup.
        level: of the interval.
    """
    if not known.freedom:
        return None
    upper = known.variance * known.freedom / float(2 * gammaincinv(known.freedom / 2, 1 - UPPER))
    z = float(ndtri((1 + level) / 2))
    return max(FEWEST, math.ceil((2 * z / width) ** 2 * upper))


def relative_width(known: Spread, images: int, level: float) -> float:
    """The width to expect of the interval over so many images, as a share of the speedup."""
    return float(2 * ndtri((1 + level) / 2) * np.sqrt(known.variance / images))
