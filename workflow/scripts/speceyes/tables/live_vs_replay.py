"""Live against replay: the same answers sample for sample, and the speedup that a clock saw beside the composed one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from speceyes.analysis.answers import drafts_for
from speceyes.method.confidence import Metric
from speceyes.method.grid import GridSetting
from speceyes.method.replay import Replay, read_replay
from speceyes.records.devices import one_device
from speceyes.records.frames import read_frame
from speceyes.records.passes import by_cell, by_pass, in_words_of, read_pass, single
from speceyes.records.types import LiveRecord, RecordError
from speceyes.tables.inputs import TableInputs

READS = ("answers", "live", "replay", "confidence")


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    runs = live_runs(inputs.paths("live"), inputs.paths("replay"), inputs.paths("confidence"))
    return live_vs_replay(runs, inputs.parquet("answers"))


@dataclass(frozen=True, slots=True)
class LiveRun:
    """One live run and what it is held against."""

    agent: str
    benchmark: str
    split: str
    setting: GridSetting
    table: Path
    replay: Path
    confidence: Path


def live_runs(live: Iterable[Path], replays: Iterable[Path], confidences: Iterable[Path]) -> list[LiveRun]:
    """Every live run with the replay of its cell and the confidences of its split.

    Raises:
        RecordError: a table does not say which pass it holds, or what a run is held against is missing.
    """
    replay = by_cell(replays, "replay")
    confidence = by_pass(confidences, "confidence", lambda held: (held.wording, held.benchmark, held.split))
    runs = []
    for table in live:
        held = read_pass(table)
        runs.append(
            LiveRun(
                *held.cell,
                setting=GridSetting("speceyes", cast(Metric, held.metric), held.top_k, held.threshold, held.batch),
                table=table,
                replay=single(replay.get(held.cell, []), f"replay that {table} is held against"),
                confidence=single(in_words_of(held.cell, confidence), f"confidences that {table} is held against"),
            )
        )
    return runs


def live_vs_replay(runs: Sequence[LiveRun], answers: pd.DataFrame) -> pd.DataFrame:
    """One row per live run: how many samples agree, the largest difference in confidence, both speedups.

    Confidences are compared where the live funnel drafted. Both speedups are over the same agent pass.

    Raises:
        RecordError: the replay lacks the setting or a sample.
        DeviceError: live runs and replayed passes were measured on different models of device.
    """
    one_device(path for run in runs for path in (run.table, run.replay))
    replays: dict[Path, Replay] = {}
    rows = []
    for run in runs:
        if run.replay not in replays:
            replays[run.replay] = read_replay(run.replay, ["source", "tool_free", "timed", "latency_s"])
        rows.append(_compared(run, replays[run.replay], answers))
    return pd.DataFrame(rows)


def _compared(run: LiveRun, replay: Replay, answers: pd.DataFrame) -> dict[str, object]:
    composed = _composed(run, replay)
    live = read_frame([run.table], LiveRecord, ["answer", "source", "tool_free", "confidence", "latency_s"])
    if missing := set(composed.index) ^ set(live.index):
        raise RecordError(f"{run.table}: samples differ from those timed for the replay, first {min(missing)}")
    live = live.loc[composed.index]
    setting = run.setting
    agent = next(row for row, one in enumerate(replay.settings) if one.method == "agent")
    baseline = float(replay.columns["latency_s"][agent][replay.columns["timed"][agent]].mean())
    same_answer = live["answer"].to_numpy() == _answers(run, composed, answers)
    return {
        **{name: getattr(run, name) for name in ("agent", "benchmark", "split")},
        **{name: getattr(setting, name) for name in ("metric", "top_k", "threshold", "batch_size")},
        "n": len(live),
        "same_tool_free": int((live["tool_free"].to_numpy() == composed["tool_free"].to_numpy()).sum()),
        "same_source": int((live["source"].to_numpy() == composed["source"].to_numpy()).sum()),
        "same_answer": int(same_answer.sum()),
        "first_difference": next(iter(live.index[~same_answer]), ""),
        "max_confidence_difference": _confidence_difference(run, live),
        "speedup_live": _speedup(baseline, float(live["latency_s"].mean())),
        "speedup_replay": _speedup(baseline, float(composed["latency_s"].mean())),
    }


def _composed(run: LiveRun, replay: Replay) -> pd.DataFrame:
    """The replay of the run's setting, on the timed samples."""
    wanted = str(run.setting)
    for row, setting in enumerate(replay.settings):
        if str(setting) == wanted:
            columns = {name: values[row] for name, values in replay.columns.items()}
            composed = pd.DataFrame(columns, index=replay.sample_ids)
            return composed[composed["timed"]]
    raise RecordError(f"{run.replay}: has no setting {wanted}; add it to the grid")


def _answers(run: LiveRun, composed: pd.DataFrame, answers: pd.DataFrame) -> npt.NDArray[np.object_]:
    """The text that the replay keeps for each sample."""
    by_agent = answers[(answers["source"] == "agent") & (answers["agent"] == run.agent)]
    own = pd.concat([drafts_for(run.agent, answers), by_agent])
    named = own.set_index(["source", "sample_id"])["answer"].to_dict()
    kept = [(source, sample) for sample, source in composed["source"].items()]
    return np.array([named[key] for key in kept], dtype=object)


def _confidence_difference(run: LiveRun, live: pd.DataFrame) -> float:
    stored = pd.read_parquet(run.confidence)
    rows = stored[(stored["metric"] == run.setting.metric) & (stored["top_k"] == run.setting.top_k)]
    drafted = live[live["tool_free"]]
    difference = (drafted["confidence"] - rows.set_index("sample_id")["confidence"].loc[drafted.index]).abs()
    return float(difference.max()) if len(difference) else 0.0


def _speedup(baseline: float, seconds: float) -> float:
    return baseline / seconds if seconds > 0 else float("nan")
