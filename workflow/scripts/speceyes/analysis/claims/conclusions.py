"""The conclusion on each claim, with the number of claims allowed for.

Each estimate is held against the end of the region that it should lie in: one-sided p-values from its
own interval, whose margin on that side counts as a normal one (Altman and Bland, BMJ 343, 2011). A
claim holds where everything does, so its p is the largest (Berger's intersection-union test, 1982),
and it fails where anything does, so that p is the smallest times their number (Bonferroni). Twice the
smaller of the two is the claim's p; over the claims that were measured Holm's step-down correction
(1979) keeps the probability of any wrong conclusion at most 1 - level.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from speceyes.analysis.claims.evidence import Evidence

EXTRAPOLATED = 1000  # times the samples there are: what would take more is not told from them

Support = Literal["supported", "not supported", "undecided"]


@dataclass(frozen=True, slots=True)
class PlacedEvidence:
    """Evidence with its region, and how far it lies inside: in standard errors, negative outside, NaN unknown."""

    evidence: Evidence
    at_least: float
    at_most: float
    distance: float

    @classmethod
    def of(cls, evidence: Evidence, at_least: float, at_most: float, level: float) -> PlacedEvidence:
        """Hold an estimate against a region; an interval without width, or without limits, says nothing."""
        ends = [
            _errors(evidence, evidence.estimate - end if lower else end - evidence.estimate, lower, level)
            for end, lower in ((at_least, True), (at_most, False))
            if math.isfinite(end)
        ]
        return cls(evidence, at_least, at_most, min(ends, key=lambda end: (not math.isnan(end), end)))

    def by_itself(self, level: float) -> Literal["inside", "outside", "undecided"]:
        """What the estimate says alone, at a two-sided level."""
        if not abs(self.distance) > ndtri((1 + level) / 2):
            return "undecided"
        return "inside" if self.distance > 0 else "outside"


def _errors(evidence: Evidence, inside: float, lower: bool, level: float) -> float:
    """Distance to one end of the region in standard errors of the side that faces it."""
    faces_low = (inside > 0) == lower
    margin = evidence.estimate - evidence.low if faces_low else evidence.high - evidence.estimate
    return inside / margin * float(ndtri((1 + level) / 2)) if margin > 0 else math.nan


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What is concluded about a claim.

    Args:
        tests: how many estimates were held against their region.
        inside: how many of them lie in it.
        deciding: the estimate that decides, or stands in the way; None where nothing was measured.
        unmeasured: tests without an estimate that has an interval: by them the claim is neither refuted nor supported.
        p: of the claim by itself; NaN where nothing was measured.
        p_adjusted: with the number of claims allowed for.
        samples_needed: of the deciding estimate, were it the truth; NaN where decided, or unknown; infinite where
            :data:`EXTRAPOLATED` times as many would not do.
    """

    tests: int
    inside: int
    deciding: PlacedEvidence | None
    unmeasured: tuple[str, ...]
    p: float
    p_adjusted: float
    support: Support
    samples_needed: float


def conclude(claims: Mapping[int, Mapping[str, Sequence[PlacedEvidence]]], level: float) -> dict[int, Conclusion]:
    """The conclusion on each claim.

    Args:
        claims: what was placed, by the claim's number and the test's name.
        level: of all conclusions together.
    """
    known = {
        number: {name: [one for one in placed if math.isfinite(one.distance)] for name, placed in tests.items()}
        for number, tests in claims.items()
    }
    flat = {number: [one for placed in tests.values() for one in placed] for number, tests in known.items()}
    measured = [number for number, placed in flat.items() if placed]
    adjusted = dict(zip(measured, holm([_p(flat[number]) for number in measured]), strict=True))
    unmeasured = {
        number: tuple(name for name, placed in tests.items() if not placed) for number, tests in known.items()
    }
    return {
        number: _concluded(placed, unmeasured[number], adjusted.get(number, math.nan), level, len(measured))
        for number, placed in flat.items()
    }


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values."""
    order = np.argsort(p_values)
    steps = [(len(p_values) - rank) * p_values[place] for rank, place in enumerate(order)]
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if steps else steps
    return [float(value) for value in adjusted]


def _p(tested: Sequence[PlacedEvidence]) -> float:
    holds, fails = _sides(tested)
    return min(1.0, 2 * min(holds, fails))


def _sides(tested: Sequence[PlacedEvidence]) -> tuple[float, float]:
    """P-values of "something lies outside" and of "everything lies inside"."""
    distances = [one.distance for one in tested]
    return float(ndtr(-min(distances))), min(1.0, len(tested) * float(ndtr(min(distances))))


def _concluded(
    placed: Sequence[PlacedEvidence], unmeasured: tuple[str, ...], adjusted: float, level: float, claims: int
) -> Conclusion:
    if not placed:
        return Conclusion(0, 0, None, unmeasured, math.nan, math.nan, "undecided", math.nan)
    deciding = min(placed, key=lambda one: one.distance)
    holds, fails = _sides(placed)
    decided, whole = adjusted <= 1 - level, not unmeasured
    support: Support = "undecided"
    if decided and fails <= holds:
        support = "not supported"
    elif decided and whole:
        support = "supported"
    needed = math.nan if decided else _samples_needed(deciding, len(placed), (1 - level) / claims)
    inside = sum(one.distance > 0 for one in placed)
    return Conclusion(len(placed), inside, deciding, unmeasured, _p(placed), adjusted, support, needed)


def _samples_needed(deciding: PlacedEvidence, tests: int, p: float) -> float:
    """Samples at which the deciding estimate, were it the truth, would be decided: errors shrink as 1/√n."""
    if deciding.distance == 0:
        return math.nan
    needed = -float(ndtri(p / 2 if deciding.distance > 0 else p / 2 / tests))
    times = (needed / deciding.distance) ** 2
    return float(math.ceil(deciding.evidence.n * times)) if times <= EXTRAPOLATED else math.inf
