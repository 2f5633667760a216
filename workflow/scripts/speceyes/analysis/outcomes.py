"""The outcomes table: for every sample what screening said, what draft and agent would answer, and at what cost.

From one row everything that any setting does to the sample follows; statistics, figures and the
explorer read it instead of the long replay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from speceyes.analysis.answers import drafts_for
from speceyes.analysis.measures import facts, replays_by_cell
from speceyes.judging.scorers import SCORER_NAMES
from speceyes.method.replay import read_replay
from speceyes.method.stored_confidences import read_confidences
from speceyes.records.arrays import Floats
from speceyes.records.passes import Cell, by_pass, in_words_of, single
from speceyes.runtime.atomic import whole

_REPLAYED = ["tool_free", "timed", "screen_s", "draft_s", "agent_s"]


@dataclass(frozen=True, slots=True)
class OutcomeTables:
    """Where outcomes come from: replays by cell, confidences by cell, each benchmark's batch size."""

    replays: Mapping[Cell, Path]
    confidences: Mapping[Cell, Path]
    batch_sizes: Mapping[str, int]

    @classmethod
    def of(cls, replays: Iterable[Path], confidences: Iterable[Path], batch_sizes: Mapping[str, int]) -> OutcomeTables:
        """Flat lists of a study's tables, grouped by the passes that they say they hold.

        Raises:
            RecordError: a table does not say which pass it holds, or holds one of another stage.
        """
        found = by_pass(confidences, "confidence", lambda held: (held.wording, held.benchmark, held.split))
        cells = replays_by_cell(replays)
        return cls(
            replays=cells,
            confidences={cell: single(in_words_of(cell, found), f"confidences of {'/'.join(cell)}") for cell in cells},
            batch_sizes=batch_sizes,
        )


def outcomes(tables: OutcomeTables, answers: pd.DataFrame) -> pd.DataFrame:
    """One row per (agent, sample) at its benchmark's batch size.

    Returns:
        agent, benchmark, split, sample_id, image_id, tool_free, timed, screen_s, draft_s, agent_s (the time
        each phase would take, estimated for samples that were not timed), tool_calls (of the agent),
        ``draft_<scorer>`` and ``agent_<scorer>`` (1 right, 0 wrong or errored, NaN unscored), and one
        confidence column per metric and K, named by :func:`confidence_column`.
    """
    parts = []
    for (agent, benchmark, split), path in tables.replays.items():
        batch = tables.batch_sizes[benchmark]
        rows = answers[(answers["benchmark"] == benchmark) & (answers["split"] == split)]
        draft = drafts_for(agent, rows)
        own = rows[(rows["source"] == "agent") & (rows["agent"] == agent)]
        confidences = _confidences(tables.confidences[Cell(agent, benchmark, split)], pd.Index(draft["sample_id"]))
        parts.append(_cell(draft, own, _phases(path, batch), confidences).assign(agent=agent))
    joined = pd.concat(parts, ignore_index=True)
    return joined[["agent", *joined.columns.drop("agent")]]


def confidence_column(metric: str, top_k: int) -> str:
    """Name of a confidence column: ``min_k64``."""
    return f"{metric}_k{top_k}"


def _phases(path: Path, batch_size: int) -> pd.DataFrame:
    """What screening said and what each phase takes, each from the setting that does nothing else."""
    alone = {
        "tool_free": ("screening-only", batch_size),
        "timed": ("agent", None),
        "screen_s": ("screening-only", batch_size),
        "draft_s": ("draft", batch_size),
        "agent_s": ("agent", None),
    }
    replay = read_replay(path, _REPLAYED, lambda one: (one.method, one.batch_size) in alone.values())
    rows = {(str(one.method), one.batch_size): row for row, one in enumerate(replay.settings)}
    columns = {name: replay.columns[name][rows[setting]] for name, setting in alone.items()}
    return pd.DataFrame(columns, index=replay.sample_ids)


def _confidences(path: Path, sample_ids: pd.Index) -> dict[str, Floats]:
    """Confidences in the samples' order, by the names of their columns."""
    found = read_confidences(path, sample_ids)
    named = {confidence_column(metric, k): values for (metric, k), values in found.items()}
    return dict(sorted(named.items()))


def _cell(
    draft: pd.DataFrame,
    own: pd.DataFrame,
    phases: pd.DataFrame,
    confidences: Mapping[str, Floats],
) -> pd.DataFrame:
    draft, own = draft.set_index("sample_id"), own.set_index("sample_id").loc[draft["sample_id"]]
    columns = {
        "sample_id": draft.index,
        **{name: draft[name] for name in ("benchmark", "split", "image_id")},
        **{name: phases.loc[draft.index, name] for name in _REPLAYED},
        "tool_calls": own["tool_calls"],
        **{f"draft_{scorer}": _right(draft, scorer) for scorer in SCORER_NAMES},
        **{f"agent_{scorer}": _right(own, scorer) for scorer in SCORER_NAMES},
        **confidences,
    }
    return pd.DataFrame(columns).reset_index(drop=True)


def _right(answers: pd.DataFrame, scorer: str) -> pd.Series:
    """1, 0, or NaN where the scorer does not count the answer."""
    fact = facts(answers)
    return pd.Series(np.where(fact[f"counted_{scorer}"] > 0, fact[f"right_{scorer}"], np.nan), index=answers.index)


def write_outcomes(frame: pd.DataFrame, path: Path) -> None:
    """Write the table, moved into place when complete."""
    with whole(path) as part:
        frame.to_parquet(part, index=False)
