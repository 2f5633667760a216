"""The tables of a synthetic study, made by the same functions as a real study's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from speceyes.analysis.answers import scored_answers
from speceyes.analysis.measures import settings_and_ledger
from speceyes.analysis.outcomes import OutcomeTables, outcomes, write_outcomes
from speceyes.analysis.settings import StatisticsSettings
from speceyes.method.confidence import METRICS
from speceyes.method.replay import write_replay
from speceyes.tables.csv_files import write_csv
from speceyes.tables.deferral import deferral_curves
from speceyes.tables.pareto import pareto
from speceyes.tables.published_vs_ours import published_vs_ours
from synthetic_study import SyntheticStudy

PUBLISHED = Path(__file__).parents[2] / "resources" / "published"


def write_tables(study: SyntheticStudy, folder: Path, comparable: bool, resamples: int = 200) -> None:
    """Replay, score and write every table that figures read."""
    folder.mkdir(parents=True, exist_ok=True)
    statistics = StatisticsSettings(resamples=resamples)
    replays = {}
    for cell in study.cells:
        agent, *where = cell
        replays[cell], stamp = study.table("replay", *where, agent=agent)
        write_replay(replays[cell], study.passes(*cell), study.grid(cell[1]), stamp)
    answers = scored_answers(study.answer_tables())
    settings, ledger = settings_and_ledger(replays, answers, statistics)
    write_csv(settings, folder / "settings.csv")
    write_csv(ledger, folder / "ledger.csv")
    confidences = {where: study.passes(study.agents[0], *where).confidences[6] for where in study.splits}
    happened = outcomes(OutcomeTables(replays, confidences, 6), answers)
    write_outcomes(happened, folder / "outcomes.parquet")
    write_csv(deferral_curves(happened, METRICS, 16, statistics), folder / "deferral.csv")
    write_csv(pareto(settings), folder / "pareto.csv")
    write_csv(published_vs_ours(settings, PUBLISHED, comparable), folder / "published_vs_ours.csv")


def named(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """Tables by their names, and no other."""
    return {path.stem: path for path in folder.iterdir() if path.stem in set(names)}
