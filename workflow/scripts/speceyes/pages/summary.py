"""What a study found, in three sentences, printed at the end of a run."""

from __future__ import annotations

import pandas as pd

from speceyes.judging.scorers import SCORER
from speceyes.pages.study_page import shown_metric


def summary(settings: pd.DataFrame, claims: pd.DataFrame, live: pd.DataFrame | None) -> str:
    """Speed and accuracy of SpecEyes at the main table's settings over all agents and splits, claims, live runs.

    Args:
        settings: the table of settings.
        claims: the table of the paper's claims.
        live: the table of live against replay, None when nothing ran live.
    """
    points = settings[
        settings["main_table"] & (settings["method"] == "speceyes") & (settings["metric"] == shown_metric(settings))
    ]
    difference = 100 * points[f"difference_{SCORER}"]
    better = int((points[f"difference_{SCORER}_low"] > 0).sum())
    worse = int((points[f"difference_{SCORER}_high"] < 0).sum())
    first = (
        f"SpecEyes answers {points['speedup'].min():.2f} to {points['speedup'].max():.2f} times as fast as the agent"
        f" alone, at an accuracy that differs by {difference.min():+.1f} to {difference.max():+.1f} points: beyond"
        f" chance better in {better} and worse in {worse} of {len(points)} pairs of agent and split."
    )
    told = f"{first} {_verdicts(claims)}"
    return told if live is None else f"{told} {_agreement(live)}"


def _verdicts(claims: pd.DataFrame) -> str:
    counts = claims["conclusion"].value_counts()
    said = ", ".join(f"{counts.get(support, 0)} {support}" for support in ("supported", "not supported", "undecided"))
    return f"Of the paper's {len(claims)} claims: {said}."


def _agreement(live: pd.DataFrame) -> str:
    samples, same = int(live["n"].sum()), int(live[["same_source", "same_answer"]].min(axis=1).sum())
    return f"Replayed and live runs give the same answer for {same} of {samples} samples."
