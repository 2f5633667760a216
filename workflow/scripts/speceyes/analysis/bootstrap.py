"""The bootstrap over images: rows about one picture stand or fall together, so pictures are resampled, not rows.

Every statistic here is a ratio of sums over rows (an accuracy, a mean latency), so a resample is a
weight per image and all settings share one matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from speceyes.analysis.settings import Settings

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class ImageBootstrap:
    """Resamples of the images behind a fixed list of rows; the same ones for everything compared.

    Args:
        image_ids: the image of each row.
        settings: number of resamples, level, seed.
    """

    def __init__(self, image_ids: Sequence[str] | npt.NDArray[np.object_], settings: Settings) -> None:
        images, codes = np.unique(np.asarray(image_ids, dtype=str), return_inverse=True)
        self.images: int = len(images)
        self._codes: Counts = codes.astype(np.int64)
        self._tails = ((1 - settings.level) / 2, (1 + settings.level) / 2)
        generator = np.random.default_rng(settings.seed)
        even = np.full(self.images, 1 / self.images)
        self._weights: Floats = generator.multinomial(self.images, even, size=settings.resamples).astype(np.float64)

    def sums(self, values: Floats) -> Floats:
        """Sums per image, (images, ...), of per-row values, (rows,) or (rows, k)."""
        totals = np.zeros((self.images, *values.shape[1:]))
        np.add.at(totals, self._codes, values)
        return totals

    def ratios(self, numerators: Floats, denominators: Floats) -> Floats:
        """Resampled ratios, (resamples, ...), of sums per image; NaN where a resample's denominator is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            draws: Floats = (self._weights @ numerators) / (self._weights @ denominators)
        draws[~np.isfinite(draws)] = np.nan
        return draws

    def row_weights(self) -> Floats:
        """How often each row occurs in each resample, (resamples, rows)."""
        weights: Floats = self._weights[:, self._codes]
        return weights

    def interval(self, draws: Floats) -> tuple[Floats, Floats]:
        """Lower and upper percentile limits over the first axis; NaN where no draw is finite."""
        limits: Floats = np.quantile(draws, self._tails, axis=0)
        lacking = np.isnan(draws).any(axis=0)
        some = lacking & ~np.isnan(draws).all(axis=0)
        if some.any():
            limits[:, some] = np.nanquantile(draws[:, some], self._tails, axis=0)
        return limits[0], limits[1]


def p_value(differences: Floats) -> Floats:
    """Two-sided bootstrap p of "no difference", over the first axis; between 1/(resamples+1) and 1."""
    resamples = len(differences)
    tail = np.minimum((differences <= 0).sum(axis=0), (differences >= 0).sum(axis=0))
    p: Floats = np.minimum(1.0, 2 * (tail + 1) / (resamples + 1))
    return np.where(np.isnan(differences).all(axis=0), np.nan, p)
