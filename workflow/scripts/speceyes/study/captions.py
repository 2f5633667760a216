"""The words that tables and figures come with: what to see in each, and the settings in force."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from speceyes.method.confidence import headline, metric_name
from speceyes.study.study import Study

REPORT = Path(__file__).parents[3] / "report"


class FigureWords(BaseModel):
    """A figure's title in the report, and what to see in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    words: str


class TableWords(FigureWords):
    """A table's, and the category it stands under."""

    category: str = "Tables"


class Captions:
    """A study's captions."""

    def __init__(self, study: Study) -> None:
        self._study = study

    @cached_property
    def _tables(self) -> dict[str, TableWords]:
        return TypeAdapter(dict[str, TableWords]).validate_python(_read("tables.yaml"))

    @cached_property
    def _figures(self) -> dict[str, FigureWords]:
        return TypeAdapter(dict[str, FigureWords]).validate_python(_read("figures.yaml"))

    def title(self, table: str) -> str:
        """A table's title."""
        return self._tables[table].title

    def category(self, table: str) -> str:
        """The part of the report under which a table stands."""
        return self._tables[table].category

    @property
    def tables(self) -> dict[str, tuple[str, str]]:
        """Every table's title and what to see in it."""
        return {name: (table.title, table.words) for name, table in self._tables.items()}

    def words(self, figure: str) -> str:
        """What to see in a figure."""
        return self._figures[figure].words

    def figure_title(self, figure: str) -> str:
        """A figure's title."""
        return self._figures[figure].title

    def of_table(self, table: str) -> str:
        """A table's whole caption."""
        level, resamples = self._intervals
        intervals = f"{level} intervals by image (shares exact, speedups from {resamples} resamples)"
        facts = f"{intervals}; both scorers; operating point {self._at}"
        note = "" if self._study.config.comparable else " Not comparable with the paper's numbers (miniature)."
        return f"{self._tables[table].words}\n\n{facts}. n: {self._counts}.{note}"

    def of_figure(self, figure: str) -> str:
        """A figure's whole caption."""
        level, resamples = self._intervals
        comparable = self._study.config.comparable
        note = "" if comparable else " Models and data are the miniature's: not comparable with the paper's numbers."
        return (
            f"{self.words(figure)}\n\nSettings in force: {self._at} where not varied. Accuracies under the corrected "
            f"scorer; intervals are {level} by image (shares exact, speedups from {resamples} bootstrap resamples) "
            f"unless the figure says otherwise. n: {self._counts}.{note}"
        )

    @property
    def _intervals(self) -> tuple[str, int]:
        statistics = self._study.config.statistics
        return f"{100 * statistics.level:g} %", statistics.resamples

    @property
    def _at(self) -> str:
        """The main table's thresholds of the ablated metric, K and batch size."""
        study, grid = self._study, self._study.config.grid
        metric = headline(grid.metrics)
        points = (
            f"{agent}: " + ", ".join(f"{name} {study.points(agent, name)[metric]}" for name in study.config.benchmarks)
            for agent in study.config.agents
        )
        return f"{metric_name(metric)} > {'; '.join(points)}; K = {grid.main_top_k}; batch {self._batches}"

    @property
    def _batches(self) -> str:
        """The main table's batch sizes: one number where all benchmarks have the same."""
        sizes = {name: self._study.batch(name) for name in self._study.config.benchmarks}
        one = set(sizes.values())
        return str(one.pop()) if len(one) == 1 else ", ".join(f"{size} on {name}" for name, size in sizes.items())

    @property
    def _counts(self) -> str:
        """Questions per split."""
        counted = (((b, s), self._study.questions(b, s)) for b, s in self._study.splits)
        return ", ".join(f"{'/'.join(where)} {count or 'as indexed'}" for where, count in counted)


def _read(name: str) -> object:
    return yaml.safe_load((REPORT / name).read_text(encoding="utf-8"))
