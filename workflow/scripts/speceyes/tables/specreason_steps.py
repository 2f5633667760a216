"""How SpecReason's steps went: proposals accepted, steps and tokens per sample."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from speceyes.records.frames import read_frame
from speceyes.records.passes import Pass, by_pass
from speceyes.records.types import AgentRecord
from speceyes.tables.inputs import TableInputs

READS = ("specreason",)

KEY = ("agent", "variant", "benchmark", "split")
COUNTS = ("n", "acceptance", "score", "steps", "tokens", "tool_calls", "latency_s", "unanswered")


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    return specreason_steps(by_pass(inputs.paths("specreason"), "specreason", _key))


def _key(held: Pass) -> tuple[str, str, str, str]:
    return str(held.agent), str(held.variant), held.benchmark, held.split


def specreason_steps(tables: Mapping[tuple[str, str, str, str], Sequence[Path]]) -> pd.DataFrame:
    """One row per (agent, variant, benchmark, split).

    Returns:
        n, acceptance (share of proposals kept), score (mean 0-9), steps, tokens, tool_calls and
        latency_s (means per sample), and unanswered (samples that ended without an answer).
    """
    names = ["status", "turns", "generated_tokens", "tool_calls", "latency_s"]
    rows = []
    for key, paths in tables.items():
        frame = read_frame(paths, AgentRecord, names)
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
                "latency_s": float(frame["latency_s"].mean()),
                "unanswered": int((frame["status"] != "ok").sum()),
            }
        )
    return pd.DataFrame(rows, columns=[*KEY, *COUNTS])
