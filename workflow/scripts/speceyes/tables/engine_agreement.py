"""What the timed runs answered, held against the stored answers: batch sizes, engines and kernels change near ties."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pandas as pd

from speceyes.records.frames import read_frame
from speceyes.records.passes import PassStage, by_cell, by_pass, in_words_of
from speceyes.records.times import timings
from speceyes.records.types import AgentRecord, DraftRecord, Record, ScreenRecord
from speceyes.tables.inputs import TableInputs

READS = ("timing", "draft", "screen", "agent", "specreason")

STORED: dict[PassStage, tuple[type[Record], str]] = {
    "screen": (ScreenRecord, "text"),
    "draft": (DraftRecord, "text"),
    "agent": (AgentRecord, "answer"),
    "specreason": (AgentRecord, "answer"),
}
COLUMNS = [
    *("agent", "benchmark", "split", "step", "variant", "batch_size"),
    *("n", "same", "first_difference", "timed_answer", "stored_answer"),
]


def make(inputs: TableInputs) -> pd.DataFrame:
    """One row per agent, split and timed step; at every batch size held against the answers of the main one.

    Returns:
        n (timed answers, every repeat), same (those with the stored status and text), first_difference (its sample)
        with both answers.
    """
    stored = {
        stage: by_pass(inputs.paths(stage), stage, lambda held: (held.cell, held.variant))
        for stage in STORED
        if stage != "draft"
    }
    drafts = by_pass(inputs.paths("draft"), "draft", lambda held: (held.wording, held.benchmark, held.split))
    rows = []
    for cell, tables in by_cell(inputs.paths("timing"), "timing").items():
        for (step, variant, batch), timed in timings(tables).groupby(["step", "variant", "batch"], sort=False):
            stage = cast(PassStage, step)
            held = in_words_of(cell, drafts) if stage == "draft" else stored[stage][cell, str(variant) or None]
            named = dict(zip(COLUMNS, (*cell, stage, variant, batch), strict=False))
            rows.append(named | _agreement(timed, held, *STORED[stage]))
    return pd.DataFrame(rows, columns=COLUMNS)


def _agreement(timed: pd.DataFrame, tables: Sequence[Path], kind: type[Record], text: str) -> dict[str, object]:
    stored = read_frame(tables, kind, ["status", text]).loc[timed["sample_id"]]
    same = (timed["status"].to_numpy() == stored["status"].to_numpy()) & (
        timed["answer"].to_numpy() == stored[text].to_numpy()
    )
    row: dict[str, object] = {"n": len(timed), "same": int(same.sum()), "first_difference": ""}
    if not same.all():
        place = int(same.argmin())
        row["first_difference"] = timed["sample_id"].iloc[place]
        row |= {"timed_answer": timed["answer"].iloc[place], "stored_answer": stored[text].iloc[place]}
    return row
