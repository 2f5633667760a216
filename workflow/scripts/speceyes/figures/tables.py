"""What a figure may know: the study's tables, and that their ledger adds up."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import pandas as pd

from speceyes.analysis.ledger import check_ledger
from speceyes.judging.scorers import SCORER
from speceyes.method.confidence import headline
from speceyes.tables.csv_files import read_csv

Tables = Mapping[str, Path]


class FigureTables:
    """The tables of one study that a figure reads, by their names.

    Raises:
        LedgerError: the numbers of samples do not add up; nothing is drawn from such tables.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        check_ledger(self.table("ledger"))

    def table(self, name: str) -> pd.DataFrame:
        """One CSV table."""
        return read_csv(self._tables[name])

    @cached_property
    def settings(self) -> pd.DataFrame:
        """Every setting."""
        return self.table("settings")

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """What happened to every sample."""
        return pd.read_parquet(self._tables["outcomes"])

    @cached_property
    def _cells(self) -> dict[tuple[str, str, str], pd.DataFrame]:
        """Every setting by agent, benchmark and split."""
        grouped = self.settings.groupby(["agent", "benchmark", "split"], sort=False)
        return {(str(agent), str(benchmark), str(split)): rows for (agent, benchmark, split), rows in grouped}

    def cell(self, agent: str, benchmark: str, split: str) -> pd.DataFrame:
        """Every setting of one cell; no rows where the agent did not run on the split."""
        return self._cells.get((agent, benchmark, split), self.settings.iloc[:0])

    def cell_points(self, agent: str, benchmark: str, split: str) -> pd.DataFrame:
        """The funnel's settings of the main table in one cell."""
        return _points(self.cell(agent, benchmark, split))

    def scored_drafts(self, benchmark: str, split: str) -> pd.DataFrame:
        """Outcomes of the draft answers that have a score: the draft's own are the same beside every agent."""
        rows = self.at(self.outcomes, self.agents[0], benchmark, split)
        return rows[rows[f"draft_{SCORER}"].notna()]

    @cached_property
    def splits(self) -> list[tuple[str, str]]:
        """(benchmark, split) in the study's order."""
        return list(dict.fromkeys(zip(self.settings["benchmark"], self.settings["split"], strict=True)))

    @cached_property
    def agents(self) -> list[str]:
        """Agents in the study's order."""
        return list(self.settings["agent"].unique())

    @cached_property
    def points(self) -> pd.DataFrame:
        """The funnel's settings of the main table."""
        return _points(self.settings)

    @property
    def funnel(self) -> pd.DataFrame:
        """Every setting of the funnel."""
        return self.settings[self.settings["method"] == "speceyes"]

    @cached_property
    def metrics(self) -> list[str]:
        """Metrics in the main table's order."""
        return list(self.points["metric"].unique())

    @property
    def metric(self) -> str:
        """The metric that figures lead with: the paper's choice, or the first of the study's own."""
        return headline(self.metrics)

    @property
    def top_k(self) -> int:
        """K of the main table."""
        return int(self.points["top_k"].iloc[0])

    @property
    def level(self) -> float:
        """Level of the study's intervals."""
        return float(self.settings["level"].iloc[0])

    @cached_property
    def published(self) -> pd.DataFrame:
        """The paper's numbers; empty where the study is not comparable with the paper's."""
        table = self.table("published_vs_ours")
        return table[table["conclusion"] != "not comparable"]

    def reference(self, method: str, agent: str, benchmark: str, split: str) -> pd.Series | None:
        """The main table's row of a system without a gate."""
        rows = self.cell(agent, benchmark, split)
        rows = rows[(rows["method"] == method) & rows["main_table"]]
        return None if rows.empty else rows.iloc[0]

    def ablation(self, name: str, agent: str, benchmark: str, split: str) -> pd.DataFrame:
        """The funnel's settings that differ from the main table's in one value only, ordered by it."""
        rows = self.cell(agent, benchmark, split)
        rows = rows[(rows["method"] == "speceyes") & (rows["metric"] == self.metric)]
        point = _points(rows)
        for column in {"top_k", "threshold", "batch_size"} - {name}:
            rows = rows[rows[column] == (point[column].iloc[0] if len(point) else None)]
        return rows.sort_values(name)

    @staticmethod
    def at(table: pd.DataFrame, agent: str, benchmark: str, split: str) -> pd.DataFrame:
        """The rows of one cell."""
        rows = (table["agent"] == agent) & (table["benchmark"] == benchmark) & (table["split"] == split)
        return table[rows]

    def printed(self, table: str, quantity: str, agent: str, benchmark: str, split: str) -> pd.DataFrame:
        """The paper's points of one ablation curve: ``value`` and ``published``."""
        rows = self.at(self.published, agent, benchmark, split)
        rows = rows[(rows["table"] == table) & (rows["quantity"] == quantity) & (rows["metric"] == self.metric)]
        values = pd.to_numeric(rows["value"], errors="coerce")
        return rows.assign(value=values).dropna(subset="value").sort_values("value")


def _points(settings: pd.DataFrame) -> pd.DataFrame:
    """Of some settings, the funnel's of the main table."""
    return settings[settings["main_table"] & (settings["method"] == "speceyes")]
