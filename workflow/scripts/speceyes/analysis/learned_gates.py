"""Learned gates: the probability that a draft answer is right, combined from all metrics by regression.

Fitted per benchmark on the images that :mod:`speceyes.analysis.calibration` sets apart for it, on which they are never
reported: there their confidence is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from speceyes.analysis.calibration import FIT, image_parts
from speceyes.analysis.outcomes import confidence_column
from speceyes.analysis.settings import StatisticsSettings
from speceyes.judging.scorers import SCORER
from speceyes.records.arrays import Floats

Gate = Callable[[Floats], Floats]  # (answers, metrics) confidences to (answers,)

CLOSEST = 1e-6  # to 0 and 1 that log-odds are taken


def _fit_logistic(confidences: Floats, right: Floats) -> Gate:
    """Logistic regression on the log-odds of every metric."""
    model = LogisticRegression().fit(_odds(confidences), right)
    return lambda values: model.predict_proba(_odds(values))[:, 1]


def _odds(confidences: Floats) -> Floats:
    odds: Floats = logit(np.clip(confidences, CLOSEST, 1 - CLOSEST))
    return odds


def _fit_isotonic(confidences: Floats, right: Floats) -> Gate:
    """Mean of what an isotonic regression makes of each metric (Zadrozny and Elkan, KDD 2002)."""
    models = [IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(one, right) for one in confidences.T]
    return lambda values: np.mean([model.predict(one) for model, one in zip(models, values.T, strict=True)], axis=0)


LEARNED: Mapping[str, Callable[[Floats, Floats], Gate]] = {"logistic": _fit_logistic, "isotonic": _fit_isotonic}


def with_learned_gates(
    outcomes: pd.DataFrame, metrics: Sequence[str], top_k: int, settings: StatisticsSettings
) -> pd.DataFrame:
    """The outcomes with a confidence column per learned gate; NaN on the images that it was fitted on.

    Args:
        outcomes: from :func:`speceyes.analysis.outcomes.outcomes`.
        metrics: what is combined.
        top_k: K of the metrics.
        settings: how images are parted.
    """
    columns = [confidence_column(metric, top_k) for metric in metrics]
    parts = []
    for _, rows in outcomes.groupby("benchmark", sort=False):
        fitting = (rows["image_id"].map(image_parts(rows, settings)) == FIT).to_numpy(dtype=bool)
        values = rows[columns].to_numpy(dtype=np.float64)
        # The draft's answers are the same for every agent: one agent's rows hold each once.
        once = fitting & (rows["agent"] == rows["agent"].iloc[0]) & rows[f"draft_{SCORER}"].notna()
        right = rows.loc[once, f"draft_{SCORER}"].to_numpy(dtype=np.float64)
        learned = {
            confidence_column(name, top_k): np.where(fitting, np.nan, _fitted(fit, values[once], right)(values))
            for name, fit in LEARNED.items()
        }
        parts.append(rows.assign(**learned))
    return pd.concat(parts).loc[outcomes.index]


def _fitted(fit: Callable[[Floats, Floats], Gate], confidences: Floats, right: Floats) -> Gate:
    """Where all answers are right, or all wrong, nothing tells them apart: Laplace's estimate for every answer."""
    if len(np.unique(right)) > 1:
        return fit(confidences, right)
    share = (right.sum() + 1) / (len(right) + 2)
    return lambda values: np.full(len(values), share)
