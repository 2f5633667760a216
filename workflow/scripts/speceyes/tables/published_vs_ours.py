"""The paper's numbers beside ours, cell by cell: Table 1 and the three ablations.

The published numbers lie in ``resources/published`` as the paper prints them. A published number is
``within`` when it lies in our interval under the published scorer (for speedups: in the interval of
the replayed speedup), which says that the difference could be chance, not that both are right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from speceyes.judging.scorers import SCORER_NAMES
from speceyes.tables.inputs import TableInputs

READS = ("settings", "published")

Comparison = Literal["within", "outside", "not run", "not comparable"]
ABLATED_METRIC = "min"  # the paper's ablations use it
_CELL = ["benchmark", "split"]
_SYSTEM = ["method", "metric"]
_OURS = [f"accuracy_{scorer}" for scorer in SCORER_NAMES] + ["speedup"]
Row = dict[str, Any]
Finder = Callable[[Row], pd.DataFrame]


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    return published_vs_ours(inputs.csv("settings"), inputs.path("published"), inputs.study.comparable)


def published_vs_ours(settings: pd.DataFrame, folder: Path, comparable: bool) -> pd.DataFrame:
    """One row per published number.

    Args:
        settings: the study's settings table.
        folder: with main_table.csv, threshold_ablation.csv, top_k_ablation.csv, batch_size_ablation.csv.
        comparable: whether the study's models and data are the paper's.

    Returns:
        ``table`` it stands in, its row (system, agent, metric, benchmark, split, and the ablated
        ``value``), ``quantity`` (accuracy as a share, or speedup), ``published``, ``ours_published``
        and ``ours_corrected`` (the scorers; both the same for a speedup) with the interval that is
        compared, and ``conclusion``.
    """
    ours = _Ours(settings)
    rows = [
        named | compared
        for table, find in ours.finders().items()
        for named, printed in _printed(folder / f"{table}.csv", table)
        for compared in _compared(printed, find(named), comparable)
    ]
    return pd.DataFrame(rows)


class _Ours:
    """Our settings, as the rows of the paper's tables ask for them."""

    def __init__(self, settings: pd.DataFrame) -> None:
        self._agents = list(settings["agent"].unique())
        self._rows = {place: rows for place, rows in settings.groupby(["agent", *_CELL, *_SYSTEM], sort=False)}
        self._none = settings.iloc[:0]

    def finders(self) -> dict[str, Finder]:
        """How a row of each published table is found."""
        return {
            "main_table": self._system,
            "threshold_ablation": lambda row: self._ablated(row, "threshold"),
            "top_k_ablation": lambda row: self._ablated(row, "top_k"),
            "batch_size_ablation": lambda row: self._ablated(row, "batch_size"),
        }

    def _at(self, agent: str, row: Row, *system: str) -> pd.DataFrame:
        """All settings of a system (method, metric) where a row was measured."""
        return self._rows.get((agent, row["benchmark"], row["split"], *system), self._none)

    def _system(self, row: Row) -> pd.DataFrame:
        """The draft has no agent of its own: its speedup is over the first."""
        agents = [row["agent"]] if row["agent"] else self._agents
        found = (self._at(agent, row, row["system"], row["metric"]) for agent in agents)
        return next((main for rows in found if not (main := rows[rows["main_table"]]).empty), self._none)

    def _ablated(self, row: Row, name: str) -> pd.DataFrame:
        """The operating point with one of its values replaced; the paper's first row is the agent alone."""
        if row["value"] in ("baseline", "serial"):
            return self._at(row["agent"], row, "agent", "")
        funnel = self._at(row["agent"], row, "speceyes", ABLATED_METRIC)
        point = funnel[funnel["main_table"]]
        if point.empty:
            return point
        ablated = np.isclose(funnel[name].astype(float), float(row["value"]))
        for column in {"top_k", "threshold", "batch_size"} - {name}:
            ablated &= (funnel[column] == point[column].iloc[0]).to_numpy(dtype=bool)
        return funnel[ablated]


def _printed(path: Path, table: str) -> Iterator[tuple[Row, Row]]:
    """Rows of a published table: what names them, and the numbers printed (accuracies as shares)."""
    ablated = table.removesuffix("_ablation")
    for row in pd.read_csv(path, dtype=str).fillna("").to_dict("records"):
        named: Row = {"table": table, "system": row.get("system", "speceyes"), "agent": row["agent"]}
        named |= {"metric": row.get("metric", ABLATED_METRIC), **{name: row[name] for name in _CELL}}
        named["value"] = row.get(ablated, "")
        numbers: Row = {"speedup": float(row["speedup"])}
        if "accuracy_percent" in row:
            numbers = {"accuracy": float(row["accuracy_percent"]) / 100} | numbers
        yield named, numbers


def _compared(printed: Row, ours: pd.DataFrame, comparable: bool) -> Iterator[Row]:
    for quantity, published in printed.items():
        columns = _OURS[:2] if quantity == "accuracy" else ["speedup", "speedup"]
        row: Row = {"quantity": quantity, "published": published}
        if ours.empty:
            empty = dict.fromkeys(("ours_published", "ours_corrected", "low", "high"), np.nan)
            yield row | empty | {"n": 0, "conclusion": _comparison(published, None, comparable)}
            continue
        one = ours.iloc[0]
        interval = (float(one[f"{columns[0]}_low"]), float(one[f"{columns[0]}_high"]))
        row |= {"ours_published": one[columns[0]], "ours_corrected": one[columns[1]]}
        row |= {"low": interval[0], "high": interval[1], "n": one["n"]}
        yield row | {"conclusion": _comparison(published, interval, comparable)}


def _comparison(published: float, interval: tuple[float, float] | None, comparable: bool) -> Comparison:
    if not comparable:
        return "not comparable"
    if interval is None or np.isnan(interval).any():
        return "not run"
    return "within" if interval[0] <= published <= interval[1] else "outside"
