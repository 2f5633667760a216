"""What the two protocols differ by, measured on the samples that ran under both."""

from __future__ import annotations

import pandas as pd

from speceyes.analysis.measures import facts
from speceyes.judging.scorers import SCORER_NAMES
from speceyes.tables.inputs import TableInputs

READS = ("answers",)

POINTS = 100.0
CORRECTED = "-corrected"


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    return protocol_effects(inputs.parquet("answers"))


def protocol_effects(answers: pd.DataFrame) -> pd.DataFrame:
    """One row per system, agent and split that ran under both protocols.

    Args:
        answers: the answers table; a source whose name ends in ``-corrected`` is the corrected
            protocol of the source without it, on all of the samples or some.

    Returns:
        n (samples under both), same (equal status and answer), errored_published, errored_corrected,
        per scorer ``<scorer>_published`` and ``<scorer>_corrected`` (accuracy under each protocol, its
        denominator as that scorer has it) and ``<scorer>_difference`` (percentage points, corrected minus
        published), and latency_ratio (mean seconds per sample, corrected over published).
    """
    rows = []
    keys = ["source", "agent", "benchmark", "split"]
    by_key = {key: group.set_index("sample_id") for key, group in answers.groupby(keys, sort=False)}
    for (source, *where), corrected in by_key.items():
        published = by_key.get((str(source).removesuffix(CORRECTED), *where))
        if str(source).endswith(CORRECTED) and published is not None:
            system = str(source).removesuffix(CORRECTED)
            common = corrected.index.intersection(published.index)
            named = dict(zip(("system", *keys[1:]), (system, *where), strict=True))
            rows.append(named | _effects(published.loc[common], corrected.loc[common]))
    return pd.DataFrame(rows, columns=COLUMNS)


def _effects(published: pd.DataFrame, corrected: pd.DataFrame) -> dict[str, float]:
    same = (published["status"] == corrected["status"]) & (published["answer"] == corrected["answer"])
    both = {"published": published, "corrected": corrected}
    row: dict[str, float] = {"n": len(published), "same": int(same.sum())}
    row |= {f"errored_{protocol}": int(rows["errored"].sum()) for protocol, rows in both.items()}
    for scorer in SCORER_NAMES:
        accuracies = {f"{scorer}_{protocol}": _accuracy(rows, scorer) for protocol, rows in both.items()}
        difference = accuracies[f"{scorer}_corrected"] - accuracies[f"{scorer}_published"]
        row |= accuracies | {f"{scorer}_difference": POINTS * difference}
    return row | {"latency_ratio": corrected["latency_s"].mean() / published["latency_s"].mean()}


def _accuracy(answers: pd.DataFrame, scorer: str) -> float:
    fact = facts(answers)
    counted = fact[f"counted_{scorer}"].sum()
    return float(fact[f"right_{scorer}"].sum() / counted) if counted else float("nan")


COLUMNS = [
    *("system", "agent", "benchmark", "split", "n", "same", "errored_published", "errored_corrected"),
    *(f"{scorer}_{field}" for scorer in SCORER_NAMES for field in ("published", "corrected", "difference")),
    "latency_ratio",
]
