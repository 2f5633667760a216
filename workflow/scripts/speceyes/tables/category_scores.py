"""Scores of every system by category of question; for yes/no questions also precision, recall, F1, share of "yes"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support

from speceyes.analysis.answers import drafts_for
from speceyes.analysis.funnel import FunnelOutcomes
from speceyes.analysis.measures import facts
from speceyes.analysis.proportions import by_image, image_numbers, proportion_interval
from speceyes.analysis.settings import StatisticsSettings
from speceyes.judging.scorers import SCORER, SCORER_NAMES
from speceyes.method.grid import SPECREASON
from speceyes.records.arrays import Counts
from speceyes.records.samples import read_samples
from speceyes.tables.inputs import TableInputs

READS = ("settings", "answers", "outcomes", "samples")

YES, NO, NOTHING = "yes", "no", ""
PLACE = ["benchmark", "split", "category"]
SYSTEM = ["system", "agent", "metric"]
YES_OR_NO = ("precision", "recall", "f1", "yes_share")
COLUMNS = [
    *(*SYSTEM, *PLACE, "n"),
    *(f"{name}{end}" for name in [f"accuracy_{s}" for s in SCORER_NAMES] for end in ("", "_low", "_high")),
    *(f"{name}{end}" for name in YES_OR_NO for end in ("", "_low", "_high")),
]


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    asked = questions(inputs.paths("samples"))
    settings, answers, outcomes = inputs.csv("settings"), inputs.parquet("answers"), inputs.parquet("outcomes")
    return category_scores(settings, answers, outcomes, asked, inputs.study.statistics)


def questions(samples: Sequence[Path]) -> pd.DataFrame:
    """Category and right answer of every question, by sample_id; ``gold`` is empty unless it is yes or no."""
    asked = [sample for path in samples for sample in read_samples(path)]
    rows = [(one.sample_id, one.category, NOTHING if one.options else _word(one.gold)) for one in asked]
    return pd.DataFrame(rows, columns=["sample_id", "category", "gold"]).set_index("sample_id")


def _word(gold: str) -> str:
    return gold.lower() if gold.lower() in (YES, NO) else NOTHING


def category_scores(
    settings: pd.DataFrame,
    answers: pd.DataFrame,
    outcomes: pd.DataFrame,
    asked: pd.DataFrame,
    statistics: StatisticsSettings,
) -> pd.DataFrame:
    """One row per system, split and category.

    Args:
        settings: the settings table, for the main table's thresholds.
        answers: from :func:`speceyes.analysis.answers.scored_answers`.
        outcomes: from :func:`speceyes.analysis.outcomes.outcomes`.
        asked: from :func:`questions`.
        statistics: the level of intervals.

    Returns:
        ``n`` questions, accuracies as shares with limits, and under the corrected scorer precision, recall and
        F1 of "yes" and the share of "yes" with limits, NaN for other questions. A scored answer that is wrong
        says the other word; one that ended in an error says neither.
    """
    rows = []
    for named, chosen in _systems(settings, answers, outcomes):
        kept = chosen.join(asked, on="sample_id")
        for place, group in kept.groupby(PLACE, sort=False):
            scores = _accuracies(group, statistics.level) | _yes_or_no(group, statistics.level)
            rows.append(named | dict(zip(PLACE, place, strict=True)) | {"n": len(group)} | scores)
    return pd.DataFrame(rows, columns=COLUMNS)


def _systems(
    settings: pd.DataFrame, answers: pd.DataFrame, outcomes: pd.DataFrame
) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Every system of the main table with the answers that it gives, one per sample."""
    scored = pd.concat([answers.drop(columns="errored"), facts(answers)], axis=1)
    points = settings[settings["main_table"] & (settings["method"] == "speceyes")]
    yield {"system": "draft", "agent": "", "metric": ""}, drafts_for("", scored)
    for agent in settings["agent"].unique():
        for system in ("agent", *SPECREASON.values()):
            own = scored[(scored["agent"] == agent) & (scored["source"] == system)]
            if len(own):
                yield {"system": system, "agent": agent, "metric": ""}, own
        by_agent = scored[(scored["agent"] == agent) & (scored["source"] == "agent")]
        for metric, gates in points[points["agent"] == agent].groupby("metric", sort=False):
            accepted = _accepted(outcomes[outcomes["agent"] == agent], str(metric), gates)
            drafted = drafts_for(str(agent), scored)
            chosen = [
                rows[rows["sample_id"].map(accepted) == kept] for rows, kept in ((drafted, True), (by_agent, False))
            ]
            yield {"system": "speceyes", "agent": agent, "metric": str(metric)}, pd.concat(chosen)


def _accepted(rows: pd.DataFrame, metric: str, gates: pd.DataFrame) -> pd.Series:
    """Whether the funnel keeps the draft's answer, by sample_id."""
    found: dict[str, bool] = {}
    for point in gates.itertuples():
        own = rows[(rows["benchmark"] == point.benchmark) & (rows["split"] == point.split)]
        kept = FunnelOutcomes(own, int(str(point.top_k))).accepted(metric, float(str(point.threshold)))
        found |= dict(zip(own["sample_id"], kept, strict=True))
    return pd.Series(found, dtype=bool)


def _accuracies(group: pd.DataFrame, level: float) -> dict[str, float]:
    images = image_numbers(group["image_id"])
    scores: dict[str, float] = {}
    for scorer in SCORER_NAMES:
        right, counted = (group[f"{what}_{scorer}"].to_numpy(dtype=np.float64) for what in ("right", "counted"))
        scores |= _share(f"accuracy_{scorer}", right, counted, images, level)
    return scores


def _share(name: str, part: npt.ArrayLike, whole: npt.ArrayLike, images: Counts, level: float) -> dict[str, float]:
    """A share of rows with its exact limits by image."""
    some, every = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    low, high = proportion_interval(by_image(some, images), by_image(every, images), level)
    value = some.sum() / every.sum() if every.sum() else np.nan
    return {name: float(value), f"{name}_low": float(low), f"{name}_high": float(high)}


def _yes_or_no(group: pd.DataFrame, level: float) -> dict[str, float]:
    """Scores of "yes" among the scored answers; nothing where a question is not answered by yes or no."""
    scored = group[group[f"counted_{SCORER}"] > 0]
    gold = scored["gold"].to_numpy(dtype=str)
    if not len(scored) or (gold == NOTHING).any():
        return {}
    other = np.where(gold == YES, NO, YES)
    said = np.where(scored["errored"] > 0, NOTHING, np.where(scored[f"right_{SCORER}"] > 0, gold, other))
    values = precision_recall_fscore_support(gold, said, labels=[YES], average=None, zero_division=np.nan)
    precision, recall, f1 = (float(value[0]) for value in values[:3])
    images, hits = image_numbers(scored["image_id"]), (gold == YES) & (said == YES)
    scores = _share("precision", hits, said == YES, images, level) | _share("recall", hits, gold == YES, images, level)
    # F1 rises with the share of hits among what is yes or was called so, whose limits are exact: F1 = 2s / (1 + s).
    shared = _share("f1", hits, (said == YES) | (gold == YES), images, level)
    scores |= {name: 2 * share / (1 + share) for name, share in shared.items()}
    scores |= _share("yes_share", said == YES, np.ones_like(hits), images, level)
    return scores | {"precision": precision, "recall": recall, "f1": f1}
