"""Replay: every setting composed from the stored passes, without running a model again.

With greedy decoding a sample has one screening answer per agent, one draft answer and one agent
answer; a setting is a choice among answers that exist. The same passes also tell what screening alone
and the gate alone would have done. Times are at each setting's batch size; those of samples that were not timed are
estimated from their tokens and tool calls.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from speceyes.method.gate import accepts
from speceyes.method.grid import SETTING_FIELDS, SPECREASON, Grid, GridSetting, Method
from speceyes.method.stored_confidences import read_confidences
from speceyes.records.arrays import Floats, Mask
from speceyes.records.devices import MEASURED_ON, one_device
from speceyes.records.frames import read_frame
from speceyes.records.passes import by_pass, of_one_pass, single
from speceyes.records.samples import read_sample_ids
from speceyes.records.tables import PROVENANCE_KEY
from speceyes.records.times import Times, completed, completed_episodes
from speceyes.records.types import AgentRecord, DraftRecord, Record, RecordError, ScreenRecord, StepName
from speceyes.runtime.atomic import whole

Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Passes:
    """The stored passes of one agent on one split, SpecReason's by variant.

    Args:
        drafts: of the draft, asked in the words of the funnel over the agent.
        confidences: of these.
        alone: the draft in the common words, which is the reference without an agent.
    """

    samples: Path
    drafts: Sequence[Path]
    confidences: Path
    alone: Sequence[Path]
    screens: Sequence[Path]
    agents: Sequence[Path]
    specreason: Mapping[str, Sequence[Path]]
    timing: Path

    @classmethod
    def of(
        cls,
        *,
        samples: Path,
        drafts: Iterable[Path],
        confidences: Iterable[Path],
        alone: Iterable[Path],
        screens: Iterable[Path],
        agents: Iterable[Path],
        specreason: Iterable[Path],
        timing: Path,
    ) -> Passes:
        """Flat lists of one cell's tables, grouped by the passes that they say they hold.

        Raises:
            RecordError: a table does not say which pass it holds, or another one than its stage's only pass.
        """
        return cls(
            samples=samples,
            drafts=of_one_pass(drafts, "draft"),
            confidences=single(of_one_pass(confidences, "confidence"), "confidences"),
            alone=of_one_pass(alone, "draft"),
            screens=of_one_pass(screens, "screen"),
            agents=of_one_pass(agents, "agent"),
            specreason=by_pass(specreason, "specreason", lambda held: str(held.variant)),
            timing=timing,
        )


@dataclass(frozen=True, slots=True)
class Route:
    """Which samples go through which phase; every mask has one entry per sample."""

    screened: Mask
    drafted: Mask
    accepted: Mask


def _screened_route(tool_free: Mask, confident: Mask) -> Route:
    return Route(np.ones_like(tool_free), tool_free, tool_free & confident)


def _fallback_only(tool_free: Mask, _: Mask) -> Route:
    return Route(*[np.zeros_like(tool_free)] * 3)


ROUTES: dict[Method, Callable[[Mask, Mask], Route]] = {
    "agent": _fallback_only,
    "specreason": _fallback_only,
    "specreason-corrected": _fallback_only,
    "draft": lambda tool_free, _: Route(np.zeros_like(tool_free), *[np.ones_like(tool_free)] * 2),
    "screening-only": lambda tool_free, _: _screened_route(tool_free, np.ones_like(tool_free)),
    "gate-only": lambda tool_free, confident: Route(np.zeros_like(tool_free), np.ones_like(tool_free), confident),
    "speceyes": _screened_route,
}

TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("method", TEXT),
        ("metric", TEXT),
        ("top_k", pa.int32()),
        ("threshold", pa.float64()),
        ("batch_size", pa.int32()),
        ("main_table", pa.bool_()),
        ("sample_id", pa.string()),
        ("status", TEXT),
        ("tool_free", pa.bool_()),
        ("accepted", pa.bool_()),
        ("source", TEXT),
        ("timed", pa.bool_()),
        ("screen_s", pa.float64()),
        ("draft_s", pa.float64()),
        ("agent_s", pa.float64()),
        ("latency_s", pa.float64()),
        ("tokens", pa.int64()),
        ("tool_calls", pa.int32()),
    ]
)
# Names of samples share beginnings. As a dictionary, one per setting, they take a third of a large split's time.
ENCODING = {
    "column_encoding": {"sample_id": "DELTA_BYTE_ARRAY"},
    "use_dictionary": [name for name in SCHEMA.names if name != "sample_id"],
}
STEPS: tuple[StepName, StepName] = ("screen", "draft")
SETTINGS_AT_ONCE, ROWS_AT_ONCE = 64, 2**20  # composed in memory before they are written


class Replayer:
    """The passes in memory, in the samples' order, ready to be composed.

    Raises:
        RecordError: a pass lacks a sample.
    """

    def __init__(self, passes: Passes) -> None:
        self._passes = passes
        self.sample_ids = pd.Index(read_sample_ids(passes.samples))
        self._agent = self._pass(passes.agents, AgentRecord, ["tool_calls"])
        self._draft = self._pass(passes.drafts, DraftRecord, [])
        self._alone = self._pass(passes.alone, DraftRecord, [])
        self._screen = self._pass(passes.screens, ScreenRecord, ["tool_free"])
        self._peers = {
            SPECREASON[variant]: self._pass(paths, AgentRecord, ["tool_calls"])
            for variant, paths in passes.specreason.items()
        }
        self._confidences = read_confidences(passes.confidences, self.sample_ids)
        zeros = np.zeros(len(self.sample_ids), dtype=int)
        self._idle = {"status": zeros.astype(str)} | dict.fromkeys(("generated_tokens", "tool_free"), zeros)
        self._times = Times([passes.timing])
        agent_s = self._times.of(self.sample_ids, "agent")
        self._timed = np.isfinite(agent_s)
        self._agent_s = completed_episodes(agent_s, self._agent)
        self._peers_s = {
            SPECREASON[variant]: completed_episodes(
                self._times.of(self.sample_ids, "specreason", variant=variant), self._peers[SPECREASON[variant]]
            )
            for variant in passes.specreason
        }
        self._batched_s = cache(self._seconds_in_batches)

    def _pass(self, paths: Sequence[Path], kind: type[Record], columns: Sequence[str]) -> Columns:
        return self._aligned(read_frame(paths, kind, ["status", "generated_tokens", *columns]), paths[0])

    def _aligned(self, frame: pd.DataFrame, path: Path) -> Columns:
        missing = self.sample_ids.difference(frame.index)
        if len(missing):
            raise RecordError(
                f"{path}: {len(missing)} of {len(self.sample_ids)} samples are missing, first {missing[0]}"
            )
        return {str(name): column.to_numpy() for name, column in frame.loc[self.sample_ids].items()}

    def _seconds_in_batches(self, step: StepName, batch: int) -> Floats:
        seconds = self._times.of(self.sample_ids, step, batch=batch)
        if np.isnan(seconds[self._timed]).any():
            raise RecordError(
                f"{self._passes.timing}: has no times of {step} at batch size {batch} for all its samples"
            )
        return completed(seconds)

    def compose(self, setting: GridSetting) -> Columns:
        """One setting: a value per sample for every per-sample column of the replay table.

        The latency is what the sample went through: screening, the draft if it was drafted, the agent
        if the draft's answer was not accepted; NaN where no sample of the split was timed. A sample
        keeps the status of whoever answered it.

        Raises:
            RecordError: the confidence table lacks the setting's metric or K, the timing table its batch size.
        """
        batch, zeros = setting.batch_size, np.zeros(len(self.sample_ids))
        drafted = self._alone if setting.method == "draft" else self._draft
        screen, draft = (self._idle, self._idle) if batch is None else (self._screen, drafted)
        screen_s, draft_s = (zeros if batch is None else self._batched_s(step, batch) for step in STEPS)
        fallback = self._peers.get(setting.method, self._agent)
        fallback_s = self._peers_s.get(setting.method, self._agent_s)
        confident = accepts(self._confidence(setting), setting.threshold or 0.0)
        route = ROUTES[setting.method](screen["tool_free"].astype(bool), confident)
        seconds = {
            name: np.where(gone, spent, np.where(np.isnan(spent), np.nan, 0.0))
            for name, gone, spent in (
                ("screen_s", route.screened, screen_s),
                ("draft_s", route.drafted, draft_s),
                ("agent_s", ~route.accepted, fallback_s),
            )
        }
        sources = np.array([setting.method if setting.method in self._peers else "agent", "draft"], dtype=object)
        return {
            "status": np.where(route.accepted, draft["status"], fallback["status"]),
            "tool_free": screen["tool_free"],
            "accepted": route.accepted,
            "source": sources[route.accepted.astype(int)],
            "timed": self._timed,
            **seconds,
            "latency_s": seconds["screen_s"] + seconds["draft_s"] + seconds["agent_s"],
            "tokens": np.where(route.screened, screen["generated_tokens"], 0)
            + np.where(route.drafted, draft["generated_tokens"], 0)
            + np.where(route.accepted, 0, fallback["generated_tokens"]),
            "tool_calls": np.where(route.accepted, 0, fallback["tool_calls"]),
        }

    def _confidence(self, setting: GridSetting) -> Floats:
        if setting.metric == "":
            return np.zeros(len(self.sample_ids))
        assert setting.top_k is not None  # a gate always has one
        values = self._confidences.get((setting.metric, setting.top_k))
        if values is None:
            path = self._passes.confidences
            raise RecordError(f"{path}: has no confidence {setting.metric} with K = {setting.top_k}")
        return values


def write_replay(output: Path, passes: Passes, grid: Grid, provenance: dict[str, Any]) -> None:
    """Compose every setting and write the long table: setting after setting, each in the samples' order.

    Raises:
        RecordError: a pass lacks a sample, the confidence table a metric or K, or the timing table a batch size.
        DeviceError: the passes were measured on different models of device.
    """
    stamp = provenance | {"grid": grid.model_dump(mode="json"), MEASURED_ON: one_device([passes.timing])}
    replayer = Replayer(passes)
    settings = grid.settings(list(passes.specreason))
    at_once = max(1, min(SETTINGS_AT_ONCE, ROWS_AT_ONCE // max(1, len(replayer.sample_ids))))
    with whole(output) as part, pq.ParquetWriter(part, _schema(stamp), **ENCODING) as writer:
        for start in range(0, len(settings), at_once):
            block = _table(replayer, settings[start : start + at_once], writer.schema)
            writer.write_table(block, row_group_size=max(1, block.num_rows))  # readers take row groups as blocks


def _schema(stamp: dict[str, Any]) -> pa.Schema:
    return SCHEMA.with_metadata({PROVENANCE_KEY: json.dumps(stamp)})


def _table(replayer: Replayer, settings: Sequence[GridSetting], schema: pa.Schema) -> pa.Table:
    """Some settings of the long table."""
    composed = [replayer.compose(setting) for setting in settings]
    samples = pa.array(replayer.sample_ids, pa.string())
    rows = len(samples)
    columns: dict[str, Any] = {}
    for name, kind in zip(schema.names, schema.types, strict=True):
        if name in SETTING_FIELDS:
            values = pa.array([getattr(setting, name) for setting in settings]).cast(kind)
            columns[name] = values.take(pa.array(np.repeat(np.arange(len(settings)), rows)))
        elif name == "sample_id":
            columns[name] = pa.concat_arrays([samples] * len(settings))
        else:
            columns[name] = pa.array(np.concatenate([one[name] for one in composed])).cast(kind)
    return pa.table(columns, schema=schema)


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay table as arrays: ``columns[name]`` has the shape (settings, samples)."""

    settings: Sequence[GridSetting]
    sample_ids: list[str]
    columns: Columns


class ReplayTable:
    """A replay table on disk: its settings, and their samples a block of settings at a time.

    Attributes:
        settings: all of them, in the table's order.
        sample_ids: the samples of each.
    """

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        groups = range(self._file.num_row_groups)
        first = self._file.read_row_group(0, columns=["sample_id"])["sample_id"]
        rows = len(first.unique())
        self.sample_ids: list[str] = first.slice(0, rows).to_pylist()
        self._settings = [self._settings_of(group, rows) for group in groups]
        self.settings = [setting for block in self._settings for setting in block]

    def _settings_of(self, group: int, rows: int) -> list[GridSetting]:
        table = self._file.read_row_group(group, columns=list(SETTING_FIELDS))
        firsts = table.take(pa.array(np.arange(0, table.num_rows, rows))).select(list(SETTING_FIELDS))
        return [GridSetting(**first) for first in firsts.to_pylist()]

    def blocks(
        self, columns: Sequence[str], wanted: Callable[[GridSetting], bool] = lambda _: True
    ) -> Iterator[Replay]:
        """The wanted per-sample columns, a block of settings after the other; of the wanted settings alone."""
        for group, settings in enumerate(self._settings):
            chosen = [row for row, setting in enumerate(settings) if wanted(setting)]
            if chosen:
                table = self._file.read_row_group(group, columns=list(columns))
                values = {name: _values(table[name]).reshape(len(settings), -1)[chosen] for name in columns}
                yield Replay([settings[row] for row in chosen], self.sample_ids, values)


def read_replay(path: Path, columns: Sequence[str], wanted: Callable[[GridSetting], bool] = lambda _: True) -> Replay:
    """Read the wanted per-sample columns of every setting, or of the wanted ones alone, at once."""
    table = ReplayTable(path)
    blocks = list(table.blocks(columns, wanted))
    return Replay(
        settings=[setting for block in blocks for setting in block.settings],
        sample_ids=table.sample_ids,
        columns={name: np.concatenate([block.columns[name] for block in blocks]) for name in columns},
    )


def _values(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = column.to_pandas().to_numpy()
    return values
