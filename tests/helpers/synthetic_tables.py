"""The tables of a synthetic study, made by the same functions as a real study's."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
import speceyes.tables
from speceyes.analysis.answers import scored_answers, write_answers
from speceyes.analysis.measures import settings_and_ledger
from speceyes.analysis.outcomes import OutcomeTables, outcomes, write_outcomes
from speceyes.analysis.settings import StatisticsSettings
from speceyes.method.replay import write_replay
from speceyes.records.passes import Cell
from speceyes.tables.category_scores import category_scores, questions
from speceyes.tables.csv_files import write_csv
from speceyes.tables.inputs import TableInputs
from speceyes.tables.table_settings import OperatingPoint, TableSettings
from synthetic_study import POINT, SyntheticStudy

PUBLISHED = Path(__file__).parents[2] / "resources" / "published"
CLAIMS = Path(__file__).parents[2] / "config" / "claims.yaml"
_MODULES = {
    m.name: importlib.import_module(f"speceyes.tables.{m.name}") for m in pkgutil.iter_modules(speceyes.tables.__path__)
}
MODULES = {name: module for name, module in _MODULES.items() if hasattr(module, "make")}


def write_tables(study: SyntheticStudy, folder: Path, comparable: bool, resamples: int = 200) -> None:
    """Replay, score and write every table that figures read."""
    statistics = StatisticsSettings(resamples=resamples)
    write_measures(study, folder, statistics)
    for name, table in _made(study, folder, comparable, statistics):
        write_csv(table, folder / f"{name}.csv")


def write_measures(study: SyntheticStudy, folder: Path, statistics: StatisticsSettings) -> None:
    """Replay, score and write what the explorer and all other tables read: settings, outcomes, answers, categories."""
    folder.mkdir(parents=True, exist_ok=True)
    replays = {}
    for cell in study.cells:
        agent, *where = cell
        replays[cell], stamp = study.table("replay", *where, agent=agent)
        write_replay(replays[cell], study.passes(*cell), study.grid(cell[1]), stamp)
    answers = scored_answers(study.answer_tables())
    settings, ledger = settings_and_ledger(replays, answers, statistics)
    write_csv(settings, folder / "settings.csv")
    write_csv(ledger, folder / "ledger.csv")
    confidences = {Cell(*cell): study.passes(*cell).confidences for cell in study.cells}
    happened = outcomes(
        OutcomeTables(replays, confidences, dict.fromkeys([benchmark for benchmark, _ in study.splits], 6)), answers
    )
    write_outcomes(happened, folder / "outcomes.parquet")
    write_answers(folder / "answers.parquet", answers, {})
    asked = questions([study.passes(*cell).samples for cell in study.cells[: len(study.splits)]])
    write_csv(category_scores(settings, answers, happened, asked, statistics), folder / "category_scores.csv")


def _made(
    study: SyntheticStudy, folder: Path, comparable: bool, statistics: StatisticsSettings
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Every table for people, one after what it reads."""
    files = pass_files(study) | {path.stem: [path] for path in folder.iterdir()}
    said = TableSettings(
        comparable=comparable,
        metrics=study.metrics,
        top_ks=tuple(sorted({*study.top_ks, 16})),
        main_top_k=16,
        points=tuple(
            OperatingPoint(agent=agent, benchmark=benchmark, metric=metric, threshold=POINT)
            for agent in study.agents
            for benchmark in dict.fromkeys(benchmark for benchmark, _ in study.splits)
            for metric in study.metrics
        ),
        statistics=statistics,
    )
    waiting = {name: module for name, module in MODULES.items() if name != "live_vs_replay" or study.runs_live}
    while waiting:
        ready = [name for name, module in waiting.items() if files.keys() >= set(module.READS)]
        for name in ready:
            yield name, waiting.pop(name).make(TableInputs(files=files, study=said, results=study.root))
            files[name] = [folder / f"{name}.csv"]


def pass_files(study: SyntheticStudy) -> dict[str, list[Path]]:
    """The stored passes by stage, and the published numbers."""
    passes = [study.passes(*cell) for cell in study.cells]
    first = passes[: len(study.splits)]
    return {
        "samples": [one.samples for one in first],
        "draft": study.worded("draft"),
        "confidence": study.worded("confidence"),
        "screen": [table for one in passes for table in one.screens],
        "agent": [table for one in passes for table in one.agents],
        "corrected": [],
        "corrected_specreason": [],
        "specreason": [table for one in passes for tables in one.specreason.values() for table in tables],
        "timing": [one.timing for one in passes],
        "replay": [study.table("replay", *where, agent=agent)[0] for agent, *where in study.cells],
        "load": [study.load(agent) for agent in study.agents],
        "live": [study.live(*cell) for cell in study.cells] if study.runs_live else [],
        "verdicts": [study.answer_tables().verdicts],
        "published": [PUBLISHED],
        "stated_claims": [CLAIMS],
    }


def named(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """Tables by their names, and no other."""
    return {path.stem: path for path in folder.iterdir() if path.stem in set(names)}
