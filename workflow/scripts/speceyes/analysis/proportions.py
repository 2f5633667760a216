"""Exact intervals for proportions of rows about images, and paired tests by image.

The bootstrap interval of 20 right answers of 20 has no width; that of Clopper and Pearson, taken here, always has
one. Rows about one picture are correlated, so they count as fewer: the effective number of rows is estimated from the
spread between images (Korn and Graubard, Survey Methodology 24, 1998), starting from the belief that all rows about
an image are one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, betaln, ndtr

from speceyes.records.arrays import Counts, Floats

# Images that stand for the belief that rows about an image are one row. The evidence against it comes from images
# with a rare outcome alone; two keep the coverage nominal in simulation (tests/unit/analysis/test_proportions.py).
BELIEF = 2.0
EXACT_IMAGES = 20_000  # won or lost by one of two systems


def image_numbers(image_ids: npt.ArrayLike) -> Counts:
    """The number of each row's image, from 0 without gaps, (rows,); by the images' names, (rows,)."""
    numbers: Counts = np.unique(np.asarray(image_ids, dtype=str), return_inverse=True)[1].astype(np.int64)
    return numbers


def by_image(values: Floats, images: Counts) -> Floats:
    """Sums per image, (images, ...), of per-row values, (rows, ...).

    Args:
        values: one per row.
        images: the number of each row's image, from 0.
    """
    count = int(images.max(initial=-1)) + 1
    columns = values.reshape(len(values), -1).T
    totals: Floats = np.zeros((count, len(columns)))
    for number, column in enumerate(columns):
        totals[:, number] = np.bincount(images, weights=column, minlength=count)
    return totals.reshape(count, *values.shape[1:])


def proportion_interval(right: Floats, counted: Floats, level: float) -> tuple[Floats, Floats]:
    """Clopper-Pearson limits of ``right.sum() / counted.sum()`` on the effective number of rows.

    Args:
        right: (images, ...), between 0 and ``counted``.
        counted: (images, ...), rows per image.
        level: of the two-sided interval.

    Returns:
        Lower and upper limits, (...), between 0 and 1; NaN where nothing is counted.
    """
    rows = counted.sum(axis=0)
    some = rows > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(some, right.sum(axis=0) / rows, np.nan)
        effective = rows / _design_effect(right, counted, share)
    return clopper_pearson(share, effective, level)


def clopper_pearson(share: Floats, count: Floats, level: float) -> tuple[Floats, Floats]:
    """Limits of a share seen in ``count`` independent rows, which need not be whole; NaN where there are none."""
    tail = (1 - level) / 2
    right = share * count
    wrong = count - right
    low = np.where(right > 0, betaincinv(right, wrong + 1, tail), 0.0)
    high = np.where(wrong > 0, betaincinv(right + 1, wrong, 1 - tail), 1.0)
    unknown = ~(count > 0)
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


def _design_effect(right: Floats, counted: Floats, share: Floats) -> Floats:
    """How many rows are worth one: from 1 to the rows per image."""
    images, rows = (counted > 0).sum(axis=0), counted.sum(axis=0)
    largest = (counted**2).sum(axis=0) / rows
    variance = images / (images - 1) * ((right - share * counted) ** 2).sum(axis=0) / rows
    seen = np.clip(variance / (share * (1 - share)), 1.0, largest)
    informative = np.minimum(((right < counted) & (counted > 0)).sum(axis=0), (right > 0).sum(axis=0))
    seen = np.where(informative > 0, seen, largest)
    effect: Floats = (informative * seen + BELIEF * largest) / (informative + BELIEF)
    return np.where(np.isfinite(effect), effect, largest)


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """One system against another on the samples that both count: rows won and lost, and what follows.

    ``difference`` is a share between -1 and 1 with its limits, ``p`` the exact two-sided probability of
    so uneven a score were both equally good.
    """

    paired: Counts
    wins: Counts
    losses: Counts
    difference: Floats
    low: Floats
    high: Floats
    p: Floats


def paired_difference(wins: Floats, losses: Floats, paired: Floats, level: float) -> PairedDifference:
    """Compare two systems on the same samples.

    The interval combines those of the shares won and lost (MOVER; Zou and Donner, Statistics in
    Medicine 27, 2008), whose correlation is a multinomial's. Where the exact test does not reject, it
    is drawn out to hold 0, so that interval and test never disagree.

    Args:
        wins: (images, ...), rows that only the first gets right.
        losses: (images, ...), rows that only the second gets right.
        paired: (images, ...), rows that are scored for both.
        level: of the interval and, as 1 - level, of the test.
    """
    rows = paired.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        won, lost = (np.where(rows > 0, rare.sum(axis=0) / rows, np.nan) for rare in (wins, losses))
        correlation = -np.sqrt(np.nan_to_num(won * lost / ((1 - won) * (1 - lost))))
    won_low, won_high = proportion_interval(wins, paired, level)
    lost_low, lost_high = proportion_interval(losses, paired, level)
    difference = won - lost
    low = difference - combined_margin(won - won_low, lost_high - lost, correlation)
    high = difference + combined_margin(won_high - won, lost - lost_low, correlation)
    p = sign_flip_p(wins - losses)
    chance = p > 1 - level
    return PairedDifference(
        paired=rows.astype(np.int64),
        wins=wins.sum(axis=0).astype(np.int64),
        losses=losses.sum(axis=0).astype(np.int64),
        difference=difference,
        low=np.maximum(np.where(chance, np.minimum(low, 0.0), low), -1.0),
        high=np.minimum(np.where(chance, np.maximum(high, 0.0), high), 1.0),
        p=np.where(rows > 0, p, np.nan),
    )


def combined_margin(one: npt.ArrayLike, other: npt.ArrayLike, correlation: npt.ArrayLike) -> Floats:
    """The margin of a difference, of the margins of its parts (MOVER)."""
    one, other = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    margin: Floats = np.sqrt(np.maximum(one**2 + other**2 - 2 * np.asarray(correlation) * one * other, 0.0))
    return margin


def sign_flip_p(gains: Floats) -> Floats:
    """Exact two-sided p of "no difference", were each image's gain as likely the other way round.

    With one row per image this is McNemar's exact test; rows about one image keep together.

    Args:
        gains: (images, ...), whole numbers: rows won less rows lost.
    """
    flat = gains.reshape(len(gains), -1)
    sizes, scores = np.abs(flat).astype(np.int64), np.abs(flat.sum(axis=0)).astype(np.int64)
    counts = [(sizes == size).sum(axis=0) for size in range(1, int(sizes.max(initial=0)) + 1)]
    cases, place = np.unique(np.column_stack([scores, *counts]), axis=0, return_inverse=True)
    p = np.array([_tail(int(score), images) for score, *images in cases])
    return p[place].reshape(gains.shape[1:])


def _tail(score: int, images: list[int]) -> float:
    """Probability of a score at least so far from 0, of ``images[i]`` images whose gain is i + 1 either way.

    Of very many images it is the normal distribution's: the exact one takes time that grows with their square.
    """
    if sum(images) > EXACT_IMAGES:
        spread = np.sqrt(sum(size**2 * count for size, count in enumerate(images, 1)))
        return float(2 * ndtr(-score / spread))
    total = sum(size * count for size, count in enumerate(images, 1))
    positive = np.ones(1)  # distribution of the rows won
    for size, count in enumerate(images, 1):
        step = np.zeros(size * count + 1)
        step[::size] = _heads(count)
        positive = np.convolve(positive, step)
    scores = 2 * np.arange(total + 1) - total
    return min(1.0, float(positive[np.abs(scores) >= score].sum()))


def _heads(tosses: int) -> Floats:
    """Probability of every number of heads when a fair coin is tossed so often."""
    heads = np.arange(tosses + 1)
    orders = -betaln(heads + 1, tosses - heads + 1) - np.log1p(tosses)
    probabilities: Floats = np.exp(orders - tosses * np.log(2))
    return probabilities
