"""Which images may be learned from: some fit learned gates, some choose thresholds, on the rest both are reported."""

from __future__ import annotations

import numpy as np
import pandas as pd

from speceyes.analysis.settings import StatisticsSettings

FIT, CHOOSE, REPORT = "fit", "choose", "report"
FITTING = 0.5  # share of the calibration images that learned gates are fitted on


def image_parts(benchmark: pd.DataFrame, settings: StatisticsSettings) -> pd.Series:
    """The part of every image of one benchmark, drawn split by split; an image of several splits has one part.

    Args:
        benchmark: rows with ``split`` and ``image_id``.
        settings: the share of calibration images, and the seed.

    Returns:
        ``fit``, ``choose`` or ``report`` by image_id.
    """
    parts: dict[str, str] = {}
    for _, rows in benchmark.groupby("split", sort=False):
        images = np.setdiff1d(rows["image_id"].to_numpy(dtype=str), np.array(list(parts), dtype=str))
        drawn = np.random.default_rng(settings.seed).permutation(images)
        calibrating = round(settings.calibration_share * len(images))
        fitting = round(FITTING * calibrating)
        for names, part in (
            (drawn[:fitting], FIT),
            (drawn[fitting:calibrating], CHOOSE),
            (drawn[calibrating:], REPORT),
        ):
            parts |= dict.fromkeys(names.tolist(), part)
    return pd.Series(parts, dtype=object)
