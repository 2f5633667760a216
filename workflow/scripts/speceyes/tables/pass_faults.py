"""What went wrong in each pass without stopping it: errors, texts of one repeated token, batches cut to fit memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from speceyes.records.frames import read_frame
from speceyes.records.passes import Pass, PassStage, by_pass
from speceyes.records.types import AgentRecord, DraftRecord, LiveRecord, Record, ScreenRecord, TimingRecord
from speceyes.tables.inputs import TableInputs

READS = ("draft", "screen", "agent", "corrected", "specreason", "corrected_specreason", "timing", "live")

KINDS: dict[PassStage, type[Record]] = {
    "draft": DraftRecord,
    "screen": ScreenRecord,
    "agent": AgentRecord,
    "corrected": AgentRecord,
    "specreason": AgentRecord,
    "corrected_specreason": AgentRecord,
    "timing": TimingRecord,
    "live": LiveRecord,
}
NAMES = ("stage", "agent", "wording", "variant", "benchmark", "split", "metric", "batch")
COUNTS = ("n", "errors", "stuck", "cut", "smallest_batch")


def make(inputs: TableInputs) -> pd.DataFrame:
    """One row per pass.

    Returns:
        n (samples), errors (samples that ended in one), stuck (texts that repeat one token up to their limit), cut
        (samples whose batch was cut to fit the memory) and smallest_batch (to which it was cut; 0 without any).
    """
    rows = [
        _named(held) | _counts(tables, kind)
        for stage, kind in KINDS.items()
        for held, tables in by_pass(inputs.paths(stage), stage, lambda held: held).items()
    ]
    return pd.DataFrame(rows, columns=[*NAMES, *COUNTS])


def _named(held: Pass) -> dict[str, Any]:
    found = {name: getattr(held, name) for name in NAMES}
    return {name: "" if value is None else value for name, value in found.items()}


def _counts(tables: Sequence[Path], kind: type[Record]) -> dict[str, int]:
    frame = read_frame(tables, kind, ["status", "stuck_generations", "batch_cut_to"])
    cut = frame["batch_cut_to"][frame["batch_cut_to"] > 0]
    return {
        "n": len(frame),
        "errors": int((frame["status"] == "error").sum()),
        "stuck": int(frame["stuck_generations"].sum()),
        "cut": len(cut),
        "smallest_batch": int(cut.min()) if len(cut) else 0,
    }
