"""The bootstrap over images: rows about one picture are correlated, so pictures are resampled, not rows.

For ratios of measured sums (mean latencies, speedups) and for areas under curves; shares have exact
intervals (:mod:`speceyes.analysis.proportions`). A resample is a weight per image, so that all settings
share one matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from speceyes.analysis.proportions import by_image
from speceyes.analysis.settings import StatisticsSettings
from speceyes.records.arrays import Counts, Floats

GROUPS = 10_000


class ImageBootstrap:
    """Resamples of the images behind a fixed list of rows; the same ones for everything compared.

    More than :data:`GROUPS` images are resampled in so many groups, drawn at random: their totals spread as the
    images' do, and memory does not grow with the images.

    Args:
        image_ids: the image of each row.
        settings: number of resamples, level, seed.
    """

    def __init__(self, image_ids: Sequence[str] | npt.NDArray[np.object_], settings: StatisticsSettings) -> None:
        images, codes = np.unique(np.asarray(image_ids, dtype=str), return_inverse=True)
        self.images: int = len(images)
        self._codes: Counts = codes.astype(np.int64)
        self.level = settings.level
        self._tails = ((1 - settings.level) / 2, (1 + settings.level) / 2)
        self._weights, self._groups = _drawn(self.images, min(self.images, GROUPS), settings)

    def sums(self, values: Floats) -> Floats:
        """Sums per image, (images, ...), of per-row values, (rows,) or (rows, k)."""
        return by_image(values, self._codes)

    def totals(self, sums: Floats) -> Floats:
        """Resampled totals, (resamples, ...), of sums per image."""
        totals: Floats = self._weights @ (sums if self._groups is None else by_image(sums, self._groups))
        return totals

    def ratios(self, numerators: Floats, denominators: Floats) -> Floats:
        """Resampled ratios, (resamples, ...), of sums per image; NaN where a resample's denominator is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            draws: Floats = self.totals(numerators) / self.totals(denominators)
        draws[~np.isfinite(draws)] = np.nan
        return draws

    def interval(self, draws: Floats) -> tuple[Floats, Floats]:
        """Lower and upper percentile limits over the first axis.

        A resample without a value could have had any: it counts as the lowest for the lower limit and
        as the highest for the upper one, and where such resamples fill a tail the limit is NaN.
        """
        unknown = np.isnan(draws)
        low = np.quantile(np.where(unknown, -np.inf, draws), self._tails[0], axis=0, method="lower")
        high = np.quantile(np.where(unknown, np.inf, draws), self._tails[1], axis=0, method="higher")
        return np.where(np.isfinite(low), low, np.nan), np.where(np.isfinite(high), high, np.nan)


@lru_cache(maxsize=1)
def _drawn(images: int, groups: int, settings: StatisticsSettings) -> tuple[Floats, Counts | None]:
    """Weights of resamples, (resamples, groups), and the group of each image; None where each is its own.

    Drawing takes longer than all that is done with the draws, and is the same for as many images with the same seed.
    """
    generator = np.random.default_rng(settings.seed)
    weights = generator.multinomial(groups, np.full(groups, 1 / groups), size=settings.resamples).astype(np.float64)
    return weights, generator.permutation(images) % groups if images > groups else None
