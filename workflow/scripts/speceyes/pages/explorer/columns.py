"""What the page knows: columns per split, from which it computes every setting itself.

Numbers are not copied from tables, except intervals and the scores by category: the page composes each
setting from the stored passes, as the replay does, so that each is a check of the other.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from speceyes.analysis.measures import facts
from speceyes.analysis.names import agent_name, benchmark_name, metric_title, split_name
from speceyes.judging.questions import judged
from speceyes.judging.scorers import SCORER_NAMES
from speceyes.judging.verdicts import Verdicts, read_verdicts
from speceyes.method.replay import STEPS
from speceyes.pages.explorer.draft_tokens import token_columns
from speceyes.pages.explorer.pictures import CROP_WEIGHT, QUESTION_WEIGHT, PictureCollection
from speceyes.pages.explorer.sources import SplitTables, StudyTables
from speceyes.records.arrays import Floats
from speceyes.records.frames import read_frame
from speceyes.records.passes import COMMON
from speceyes.records.samples import Sample, read_samples
from speceyes.records.times import EPISODE_WORK, Times, completed, completed_episodes
from speceyes.records.types import AgentRecord, DraftRecord, ScreenRecord
from speceyes.tables.csv_files import read_csv

CONFIDENCE_DIGITS = 9
INTERVALS = [
    f"{name}_{end}" for name in ("accuracy_published", "accuracy_corrected", "speedup") for end in ("low", "high")
]

Columns = dict[str, Any]


def study_columns(tables: StudyTables, benchmarks: Collection[str], pictures: PictureCollection) -> Columns:
    """Everything that a page on these benchmarks shows, ready for JSON; its pictures are added to ``pictures``."""
    settings = read_csv(tables.settings)
    main = settings[settings["main_table"] & (settings["method"] == "speceyes")]
    shared = _Shared(pd.read_parquet(tables.answers), read_verdicts(tables.verdicts), settings, tables.media, pictures)
    return {
        "study": tables.study,
        "names": _names(main, benchmarks),
        "comparable": tables.comparable,
        "metrics": list(main["metric"].unique()),
        "top_ks": _values(settings, "top_k"),
        "main_top_k": int(main["top_k"].iloc[0]),
        "epsilon": tables.epsilon,
        "categories": _categories(read_csv(tables.category_scores), benchmarks),
        "splits": [_split(*where, split, shared) for where, split in tables.splits.items() if where[0] in benchmarks],
    }


def _names(main: pd.DataFrame, benchmarks: Collection[str]) -> Columns:
    """Names of the study's agents, benchmarks, splits and metrics as the page writes them."""
    own = main[main["benchmark"].isin(benchmarks)]
    splits = dict.fromkeys(zip(own["benchmark"], own["split"], strict=True))
    return {
        "agents": {agent: agent_name(agent) for agent in main["agent"].unique()},
        "benchmarks": {benchmark: benchmark_name(benchmark) for benchmark in benchmarks},
        "splits": {"/".join(split): split_name(*split) for split in splits},
        "metrics": {metric: metric_title(metric) for metric in main["metric"].unique()},
    }


def _categories(scores: pd.DataFrame, benchmarks: Collection[str]) -> list[Columns]:
    """The rows on these benchmarks; null where a score does not apply."""
    own = scores[scores["benchmark"].isin(benchmarks)].astype(object)
    return [
        {str(name): value for name, value in row.items()} for row in own.where(own.notna(), None).to_dict("records")
    ]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the splits of a study share."""

    answers: pd.DataFrame
    verdicts: Verdicts
    settings: pd.DataFrame
    media: Path
    pictures: PictureCollection


def _split(benchmark: str, split: str, tables: SplitTables, shared: _Shared) -> Columns:
    samples = read_samples(tables.samples)
    at = (shared.settings["benchmark"] == benchmark) & (shared.settings["split"] == split)
    settings = shared.settings[at & (shared.settings["method"] == "speceyes")]
    thresholds = sorted(settings["threshold"].unique())
    scored = _Scored(samples, shared)
    top_ks, batches = _values(settings, "top_k"), _values(settings, "batch_size")
    times = {agent: Times([table]) for agent, table in tables.timing.items()}
    return {
        "benchmark": benchmark,
        "split": split,
        "thresholds": thresholds,
        "main_batch_size": int(settings.loc[settings["main_table"], "batch_size"].iloc[0]),
        "grid": {str(agent): _grid(rows) for agent, rows in settings.groupby("agent", sort=False)},
        "samples": _samples(samples, tables.images, shared.pictures),
        "drafts": {
            wording: _draft(paths, top_ks, scored, "" if wording == COMMON else wording)
            | _confidences(tables.confidences[wording], samples, thresholds)
            for wording, paths in tables.drafts.items()
        },
        "screens": {agent: _screens(paths, scored.sample_ids) for agent, paths in tables.screens.items()},
        "times": {
            agent: {batch: _phase_times(times[agent], scored.sample_ids, batch) for batch in batches}
            for agent in tables.screens
        },
        "agents": {
            agent: _episodes(paths, scored, agent, shared, times[agent].of(scored.sample_ids, "agent"))
            for agent, paths in tables.agents.items()
        },
    }


def _values(settings: pd.DataFrame, column: str) -> list[int]:
    return sorted(int(value) for value in settings[column].dropna().unique())


def _grid(settings: pd.DataFrame) -> Columns:
    """The grid's settings with their intervals, and which of them stand in the main table."""
    names = ["metric", "top_k", "threshold", "batch_size", "main_table"]
    return {name: settings[name].tolist() for name in names} | {
        name: _numbers(settings[name].to_numpy(dtype=float).round(6)) for name in INTERVALS
    }


def _numbers(values: Floats) -> list[float | None]:
    """JSON has no NaN."""
    return [value if np.isfinite(value) else None for value in values.tolist()]


def _samples(samples: Sequence[Sample], images: Path, pictures: PictureCollection) -> Columns:
    names = ("sample_id", "question", "options", "gold", "gold_letter", "category", "width", "height")
    columns: Columns = {name: [getattr(sample, name) for sample in samples] for name in names}
    numbers = [pictures.add(sample.image, images / sample.image, QUESTION_WEIGHT) for sample in samples]
    places: dict[str, int] = {}
    image = [places.setdefault(sample.image_id, len(places)) for sample in samples]
    return columns | {"picture": numbers, "image": image}


def _screens(paths: Sequence[Path], sample_ids: Sequence[str]) -> Columns:
    """What screening said."""
    return _listed(read_frame(paths, ScreenRecord, ["status", "error", "text", "tool_free"]).loc[list(sample_ids)])


def _phase_times(times: Times, sample_ids: Sequence[str], batch: int) -> Columns:
    """Seconds of both phases that run in batches, at one batch size."""
    return {f"{step}_s": _numbers(completed(times.of(sample_ids, step, batch=batch))) for step in STEPS}


def _listed(frame: pd.DataFrame) -> Columns:
    return {str(name): column.tolist() for name, column in frame.items()}


def _draft(paths: Sequence[Path], top_ks: Sequence[int], scored: _Scored, agent: str) -> Columns:
    frame = read_frame(paths, DraftRecord, ["status", "error", "text", "tokens", "top_logprobs"])
    frame = frame.loc[scored.sample_ids]
    plain = _listed(frame[["status", "error"]]) | {"answer": frame["text"].tolist()}
    counts = frame["tokens"].map(len).tolist()
    return plain | {"length": counts} | token_columns(frame, top_ks) | scored.columns("draft", agent, plain["answer"])


def _confidences(path: Path, samples: Sequence[Sample], thresholds: Sequence[float]) -> Columns:
    """One column per metric and K; columns that are equal (``log`` at any K) are kept once."""
    stored = pd.read_parquet(path)
    sample_ids = [sample.sample_id for sample in samples]
    kept: dict[bytes, int] = {}
    columns: list[list[float]] = []
    places: dict[str, int] = {}
    for (metric, top_k), rows in stored.groupby(["metric", "top_k"]):
        values = rows.set_index("sample_id")["confidence"].loc[sample_ids].to_numpy(dtype=float)
        place = kept.setdefault(values.tobytes(), len(columns))
        if place == len(columns):
            columns.append(shortened(values, thresholds).tolist())
        places[f"{metric}-{top_k}"] = place
    return {"confidences": columns, "confidence_of": places}


def shortened(values: Floats, thresholds: Sequence[float]) -> Floats:
    """Fewer digits where that moves no value across a threshold of the grid."""
    short = values.round(CONFIDENCE_DIGITS)
    limits = np.asarray(thresholds)[:, None]
    return np.where(((short > limits) != (values > limits)).any(axis=0), values, short)


def _episodes(paths: Sequence[Path], scored: _Scored, agent: str, shared: _Shared, seconds: Floats) -> Columns:
    """What the agent did and answered; which samples were timed, and the seconds of all, as the replay has them."""
    frame = read_frame(paths, AgentRecord, ["status", "error", "answer", "turns", *EPISODE_WORK])
    frame = frame.loc[scored.sample_ids]
    turns = [[_turn(turn, shared) for turn in json.loads(text)] for text in frame["turns"]]
    plain = _listed(frame[["status", "error", "answer"]])
    times = {"timed": np.isfinite(seconds).tolist(), "latency_s": _numbers(completed_episodes(seconds, frame))}
    return plain | times | {"turns": turns} | scored.columns("agent", agent, plain["answer"])


def _turn(turn: Columns, shared: _Shared) -> Columns:
    """A turn with its pictures' numbers instead of their file names."""
    if turn["tool"] is None:
        return turn
    tool = turn["tool"]
    images = [shared.pictures.add(f"media/{name}", shared.media / name, CROP_WEIGHT) for name in tool["images"]]
    return turn | {"tool": tool | {"images": images}}


class _Scored:
    """What both scorers say of the answers of one split."""

    def __init__(self, samples: Sequence[Sample], shared: _Shared) -> None:
        self.sample_ids = [sample.sample_id for sample in samples]
        self._samples = samples
        self._verdicts = shared.verdicts
        known = shared.answers[shared.answers["sample_id"].isin(self.sample_ids)]
        by_source = known.groupby(["source", "agent"])
        self._answers = {name: rows.set_index("sample_id") for name, rows in by_source}

    def columns(self, source: str, agent: str, answers: Sequence[str]) -> Columns:
        """Whether each answer errored; per scorer whether it is right, counts, what decided, and the judge's words."""
        rows = self._answers[source, agent].loc[self.sample_ids]
        fact = facts(rows).astype(int)
        columns: Columns = {"errored": fact["errored"].tolist()}
        for scorer in SCORER_NAMES:
            columns[scorer] = {
                "right": fact[f"right_{scorer}"].tolist(),
                "counted": fact[f"counted_{scorer}"].tolist(),
                "decided_by": rows[f"{scorer}_decided_by"].tolist(),
                "reply": [
                    self._reply(sample, answer, scorer) for sample, answer in zip(self._samples, answers, strict=True)
                ],
            }
        return columns

    def _reply(self, sample: Sample, answer: str, scorer: Any) -> str:
        verdict = self._verdicts.get(judged(sample, answer), {}).get(scorer)
        return verdict.reply if verdict else ""
