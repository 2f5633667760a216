"""Measures of every setting: accuracy under both scorers, speedup, acceptance, tokens, intervals, and the ledger.

Accuracies are shares between 0 and 1. The scorers differ in their denominators too
(docs/discrepancies.md): ``published`` drops samples that ended in an error and counts an unreadable
judge reply as wrong; ``corrected`` counts errors as wrong and leaves unreadable replies unscored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from speceyes.analysis.answers import drafts_for
from speceyes.analysis.bootstrap import ImageBootstrap
from speceyes.analysis.proportions import paired_difference, proportion_interval
from speceyes.analysis.settings import StatisticsSettings
from speceyes.judging.scorers import SCORER_NAMES
from speceyes.method.grid import SETTING_FIELDS, GridSetting
from speceyes.method.replay import Replay, ReplayTable
from speceyes.records.arrays import Floats, Mask
from speceyes.records.devices import one_device
from speceyes.records.passes import Cell, by_cell, single

LEDGER_COUNTS = ("answered", "errored", *(f"{s}_{how}" for s in SCORER_NAMES for how in ("rule", "judge", "unparsed")))
_SCORED = tuple(f"{what}_{scorer}" for scorer in SCORER_NAMES for what in ("right", "counted"))
_MEANS = ("tokens", "latency_s", "screen_s", "draft_s", "agent_s", "tool_calls")
ALONE = "draft alone"  # the draft in the common words, whatever words the funnel has
_REPLAYED = ("source", "tool_free", "accepted", "timed", *_MEANS)


def facts(answers: pd.DataFrame) -> pd.DataFrame:
    """What each answer contributes to accuracies and to the ledger, as 0/1 columns.

    ``right_<scorer>`` over ``counted_<scorer>`` is an accuracy; the others are :data:`LEDGER_COUNTS`.
    """
    errored = answers["errored"].to_numpy(dtype=bool)
    columns: dict[str, Mask] = {"answered": ~errored, "errored": errored}
    for scorer in SCORER_NAMES:
        decided_by = answers[f"{scorer}_decided_by"].to_numpy(dtype=str)
        for how in ("rule", "judge", "unparsed"):
            columns[f"{scorer}_{how}"] = ~errored & (decided_by == how)
        columns[f"right_{scorer}"] = ~errored & (answers[f"{scorer}_correct"].to_numpy(dtype=float) == 1)
    columns["counted_published"] = ~errored
    columns["counted_corrected"] = errored | columns["corrected_rule"] | columns["corrected_judge"]
    return pd.DataFrame(columns, index=answers.index).astype("float64")


class KnownFacts:
    """The facts of every answer of one agent, its funnel's draft and the draft alone on one split.

    Args:
        agent: the agent.
        answers: these answers.
        sample_ids: the split's samples, in the order in which facts are given.
        names: columns of :func:`facts`.
    """

    def __init__(self, agent: str, answers: pd.DataFrame, sample_ids: Sequence[str], names: Sequence[str]) -> None:
        self._names = list(names)
        of_agent = answers[(answers["source"] != "draft") & (answers["agent"] == agent)]
        given = {str(source): rows for source, rows in of_agent.groupby("source")}
        given |= {"draft": drafts_for(agent, answers), ALONE: drafts_for("", answers)}
        by_sample = {name: facts(rows)[self._names].set_axis(rows["sample_id"]) for name, rows in given.items()}
        self._facts = {name: rows.reindex(list(sample_ids)).to_numpy().T for name, rows in by_sample.items()}

    def chosen(self, replay: Replay) -> dict[str, Floats]:
        """Of the answer that each setting keeps for each sample, (settings, samples) by name.

        Args:
            replay: with the columns ``source``.
        """
        kept = np.full((len(self._names), *replay.columns["source"].shape), np.nan)
        for row, (sources, setting) in enumerate(zip(replay.columns["source"], replay.settings, strict=True)):
            named = self._facts | {"draft": self._facts[ALONE if setting.method == "draft" else "draft"]}
            for source, found in named.items():
                np.copyto(kept[:, row], found, where=sources == source)
        return dict(zip(self._names, kept, strict=True))


def replays_by_cell(replays: Iterable[Path]) -> dict[Cell, Path]:
    """Replay tables by the cell that each says it holds.

    Raises:
        RecordError: a table does not say it, holds no replay, or two hold the same cell.
    """
    found = by_cell(replays, "replay")
    return {cell: single(tables, f"replays of {'/'.join(cell)}") for cell, tables in found.items()}


def settings_and_ledger(
    replays: Mapping[Cell, Path], answers: pd.DataFrame, statistics: StatisticsSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The settings table and the ledger of a whole study, one cell (agent, benchmark, split) at a time.

    Args:
        replays: replay table of each cell.
        answers: from :func:`speceyes.analysis.answers.scored_answers`.
        statistics: how intervals are made.

    Raises:
        DeviceError: the cells' latencies were measured on different models of device.
    """
    one_device(replays.values())
    settings, ledger = [], []
    for cell, path in replays.items():
        agent, benchmark, split = cell
        rows = answers[(answers["benchmark"] == benchmark) & (answers["split"] == split)]
        table = ReplayTable(path)
        known = KnownFacts(agent, rows, table.sample_ids, (*_SCORED, *LEDGER_COUNTS))
        images = rows.drop_duplicates("sample_id").set_index("sample_id")["image_id"].loc[table.sample_ids]
        (agent_alone,) = table.blocks(_REPLAYED, lambda setting: setting.method == "agent")
        baseline = _Measured(agent_alone, known.chosen(agent_alone))
        bootstrap = ImageBootstrap(images.to_numpy(), statistics)
        for replay in table.blocks(_REPLAYED):
            measured = _Measured(replay, known.chosen(replay))
            named = _named(cell, replay.settings)
            frame = _settings_frame(measured, baseline, bootstrap).join(_speedups(measured, baseline, bootstrap))
            settings.append(named.join(frame))
            counts = {name: measured.facts[name].sum(axis=1).astype(int) for name in LEDGER_COUNTS}
            ledger.append(named.assign(expected=len(replay.sample_ids), **counts).drop(columns="main_table"))
    return pd.concat(settings, ignore_index=True), pd.concat(ledger, ignore_index=True)


def _named(cell: Cell, settings: Sequence[GridSetting]) -> pd.DataFrame:
    """The leading columns of both tables."""
    agent, benchmark, split = cell
    rows = [{"agent": agent, "benchmark": benchmark, "split": split} | asdict(setting) for setting in settings]
    numbers = {"top_k": "Int64", "batch_size": "Int64", "threshold": "float64"}
    return pd.DataFrame(rows, columns=["agent", "benchmark", "split", *SETTING_FIELDS]).astype(numbers)


@dataclass(frozen=True, slots=True)
class _Measured:
    """Some settings, replayed, with the facts of the answers that they keep, (settings, samples) by name."""

    replay: Replay
    facts: Mapping[str, Floats]

    def scored(self, scorer: str) -> tuple[Floats, Floats]:
        """Right and counted answers, (samples, settings)."""
        right, counted = (self.facts[f"{what}_{scorer}"].T for what in ("right", "counted"))
        return right, counted

    def seconds(self) -> Floats:
        """(samples, settings)."""
        seconds: Floats = self.replay.columns["latency_s"].T
        return seconds


def _settings_frame(measured: _Measured, agent: _Measured, bootstrap: ImageBootstrap) -> pd.DataFrame:
    """Estimates with intervals; differences are over the samples that setting and agent both count."""
    replay = measured.replay
    estimates: dict[str, Any] = {"n": len(replay.sample_ids), "level": bootstrap.level}
    spread: dict[str, Any] = {}
    for scorer in SCORER_NAMES:
        right, counted = measured.scored(scorer)
        estimates[f"accuracy_{scorer}"] = _share(right.sum(axis=0), counted.sum(axis=0))
        limits = proportion_interval(bootstrap.sums(right), bootstrap.sums(counted), bootstrap.level)
        spread |= _limits(f"accuracy_{scorer}", *limits)
        spread |= _against(measured, agent, scorer, bootstrap)
    return pd.DataFrame(estimates | _shares(replay) | spread | _means(replay))


def _speedups(measured: _Measured, agent: _Measured, bootstrap: ImageBootstrap) -> pd.DataFrame:
    """Ratios of sums of seconds over all samples, measured or estimated; images are resampled for the intervals."""
    seconds = bootstrap.sums(measured.seconds())
    baseline = np.broadcast_to(bootstrap.sums(agent.seconds()), seconds.shape)
    speedup = _share(baseline.sum(axis=0), seconds.sum(axis=0))
    limits = _limits("speedup", *bootstrap.interval(bootstrap.ratios(baseline, seconds)))
    return pd.DataFrame({"timed": int(measured.replay.columns["timed"][0].sum()), "speedup": speedup} | limits)


def _against(measured: _Measured, agent: _Measured, scorer: str, bootstrap: ImageBootstrap) -> dict[str, Any]:
    """Every setting's accuracy less the agent's."""
    (right, counted), (agent_right, agent_counted) = measured.scored(scorer), agent.scored(scorer)
    both = counted * agent_counted
    wins, losses = right * (1 - agent_right) * both, (1 - right) * agent_right * both
    found = paired_difference(bootstrap.sums(wins), bootstrap.sums(losses), bootstrap.sums(both), bootstrap.level)
    return {
        f"paired_{scorer}": found.paired,
        f"wins_{scorer}": found.wins,
        f"losses_{scorer}": found.losses,
        f"difference_{scorer}": found.difference,
        **_limits(f"difference_{scorer}", found.low, found.high),
        f"p_{scorer}": found.p,
    }


def _share(part: Floats, whole: Floats) -> Floats:
    """NaN where there is nothing to share."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Floats = part / whole
    return np.where(np.isfinite(share), share, np.nan)


def _limits(name: str, low: Floats, high: Floats) -> dict[str, Floats]:
    return {f"{name}_low": low, f"{name}_high": high}


def _shares(replay: Replay) -> dict[str, Floats]:
    """α among the tool-free and β where there is a screening, and the share of kept draft answers."""
    tool_free, accepted = (replay.columns[name].astype(bool) for name in ("tool_free", "accepted"))
    screens = np.array([setting.method in ("speceyes", "screening-only") for setting in replay.settings])
    passed = tool_free.sum(axis=1)
    alpha = (tool_free & accepted).sum(axis=1) / np.maximum(passed, 1)
    return {
        "alpha": np.where(screens & (passed > 0), alpha, np.nan),
        "beta": np.where(screens, tool_free.mean(axis=1), np.nan),
        "accepted": accepted.mean(axis=1),
    }


def _means(replay: Replay) -> dict[str, Floats]:
    """Means over samples."""
    return {name: replay.columns[name].astype(float).mean(axis=1) for name in _MEANS}
