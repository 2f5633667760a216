"""The cost-accuracy front over every setting, and which setting dominates each of the others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from speceyes.judging.scorers import SCORER_NAMES
from speceyes.tables.inputs import TableInputs

READS = ("settings",)

KEYS = ["agent", "benchmark", "split"]
SETTING = ["method", "metric", "top_k", "threshold", "batch_size"]


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    return pareto(inputs.csv("settings"))


def pareto(settings: pd.DataFrame) -> pd.DataFrame:
    """One row per setting with ``dominated_by_<scorer>``: empty on the front, else a front setting's name.

    A setting is dominated when another is at least as fast and at least as accurate, and better in one.
    Of several that dominate it the most accurate, then the fastest, is named.
    """
    parts = []
    for _, cell in settings.groupby(KEYS, sort=False):
        columns = [*KEYS, *SETTING, "speedup", *(f"accuracy_{scorer}" for scorer in SCORER_NAMES)]
        names = np.array([setting_name(row) for row in cell[SETTING].itertuples(index=False)], dtype=object)
        part = cell[columns].assign(setting=names)
        for scorer in SCORER_NAMES:
            part[f"dominated_by_{scorer}"] = _dominators(part["speedup"], part[f"accuracy_{scorer}"], names)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def setting_name(row: object) -> str:
    """A setting in one word: ``speceyes-min-k64-t0.98-b6``."""
    prefixes = {"method": "", "metric": "", "top_k": "k", "threshold": "t", "batch_size": "b"}
    values = {name: getattr(row, name) for name in prefixes}
    given = {name: value for name, value in values.items() if _is_given(value)}
    parts = (f"{prefixes[name]}{value:g}" if prefixes[name] else value for name, value in given.items())
    return "-".join(str(part) for part in parts)


def _is_given(value: object) -> bool:
    return not pd.isna(value) and value != ""  # type: ignore[call-overload]


def _dominators(speedup: pd.Series, accuracy: pd.Series, names: np.ndarray) -> list[str]:
    fast, right = (np.nan_to_num(values.to_numpy(dtype=float), nan=-np.inf) for values in (speedup, accuracy))
    best_first = np.lexsort((-fast, -right))
    result = []
    for own_fast, own_right in zip(fast, right, strict=True):
        better = (fast >= own_fast) & (right >= own_right) & ((fast > own_fast) | (right > own_right))
        candidates = best_first[better[best_first]]
        result.append(str(names[candidates[0]]) if len(candidates) else "")
    return result
