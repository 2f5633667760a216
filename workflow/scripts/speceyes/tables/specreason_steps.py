"""How SpecReason's steps went: proposals accepted, steps and tokens per sample."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from speceyes.records.frames import read_frame
from speceyes.records.passes import Cell, Pass, by_cell, by_pass
from speceyes.records.times import Times
from speceyes.records.types import AgentRecord
from speceyes.tables.inputs import TableInputs

READS = ("specreason", "timing")

KEY = ("agent", "variant", "benchmark", "split")
COUNTS = ("n", "acceptance", "score", "steps", "tokens", "tool_calls", "latency_s", "unanswered")


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    times = by_cell(inputs.paths("timing"), "timing")
    return specreason_steps(by_pass(inputs.paths("specreason"), "specreason", _key), times)


def _key(held: Pass) -> tuple[str, str, str, str]:
    return str(held.agent), str(held.variant), held.benchmark, held.split


def specreason_steps(
    tables: Mapping[tuple[str, str, str, str], Sequence[Path]], timing: Mapping[Cell, Sequence[Path]]
) -> pd.DataFrame:
    """One row per (agent, variant, benchmark, split).

    Args:
        tables: SpecReason's passes.
        timing: timing tables by cell.

    Returns:
        n, acceptance (share of proposals kept), score (mean 0-9), steps, tokens and tool_calls (means
        per sample), latency_s (mean per sample), and unanswered (samples that ended without an answer).
    """
    names = ["status", "turns", "generated_tokens", "tool_calls"]
    rows = []
    for key, paths in tables.items():
        agent, variant, *where = key
        frame = read_frame(paths, AgentRecord, names)
        seconds = Times(timing[Cell(agent, *where)]).of(frame.index, "specreason", variant)
        turns = [json.loads(text) for text in frame["turns"]]
        scores = [turn["score"] for episode in turns for turn in episode if turn["score"] is not None]
        kept = [turn["author"] == "draft" for episode in turns for turn in episode]
        rows.append(
            dict(zip(KEY, key, strict=True))
            | {
                "n": len(frame),
                "acceptance": float(np.mean(kept)) if kept else np.nan,
                "score": float(np.mean(scores)) if scores else np.nan,
                "steps": float(np.mean([len(episode) for episode in turns])),
                "tokens": float(frame["generated_tokens"].mean()),
                "tool_calls": float(frame["tool_calls"].mean()),
                "latency_s": float(np.nanmean(seconds)),
                "unanswered": int((frame["status"] != "ok").sum()),
            }
        )
    return pd.DataFrame(rows, columns=[*KEY, *COUNTS])
