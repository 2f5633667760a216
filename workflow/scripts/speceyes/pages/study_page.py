"""The study on one page: what was found, the main table, which threshold to use, and where to look on."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from speceyes.tables.main_table import AGENT_NAMES

SCORER = "corrected"
SHOWN_METRIC = "min"  # the paper's headline row


def study_page(
    *,
    study: str,
    comparable: bool,
    settings: pd.DataFrame,
    live: pd.DataFrame | None,
    main_table: str,
    recommended: pd.DataFrame,
    captions: Mapping[str, str],
) -> str:
    """The page in Markdown.

    Args:
        study: the study's name.
        comparable: whether it may be held against the paper's numbers.
        settings: the settings table.
        live: the table of live against replay, None when nothing ran live.
        main_table: Table 1 in Markdown.
        recommended: the table of recommended thresholds.
        captions: what to see in each figure, by name.
    """
    note = "" if comparable else "\n\nModels and pictures are the miniature's: not comparable with the paper's numbers."
    found = [*findings(settings), *([] if live is None else [agreement(live)])]
    advice = recommended[recommended["metric"] == SHOWN_METRIC]
    parts = [
        f"# {study}: what was found\n\n" + "\n".join(f"- {line}" for line in found) + note,
        "## Table 1\n\n" + main_table.strip(),
        f"## Which threshold?\n\nFor the metric `{SHOWN_METRIC}`; all of them in"
        " [recommended_threshold.csv](tables/recommended_threshold.csv).\n\n"
        + "\n".join(_advised(row) for _, row in advice.iterrows()),
        "## Figures\n\n" + "\n\n".join(f"![{name}](figures/{name}.png)\n\n{text}" for name, text in captions.items()),
        "## Where to look on\n\n"
        "- [explorer.html](explorer.html): move the threshold, go down to every sample\n"
        "- [report.html](report.html): figures, tables, run times, rule graph, provenance\n"
        "- [tables/](tables): every number as CSV; [config.yaml](config.yaml): what produced them",
    ]
    return "\n\n".join(parts) + "\n"


def _advised(row: pd.Series) -> str:
    agent = AGENT_NAMES.get(row["agent"], row["agent"])
    return f"- **{agent}, {row['benchmark']}/{row['split']}**: {row['sentence']}"


def findings(settings: pd.DataFrame) -> list[str]:
    """One sentence per agent: speedup and accuracy of the funnel at the main table's setting."""
    points = settings[
        settings["main_table"] & (settings["method"] == "speceyes") & (settings["metric"] == SHOWN_METRIC)
    ]
    return [_finding(str(agent), rows) for agent, rows in points.groupby("agent", sort=False)]


def agreement(live: pd.DataFrame) -> str:
    """Whether the live funnel did what replay says."""
    samples, same = int(live["n"].sum()), int(live[["same_source", "same_answer"]].min(axis=1).sum())
    measured = (
        f"{len(live)} live runs of the funnel are {_range(live['speedup_live'])} times as fast as the agent,"
        f" {_range(live['speedup_replay'])} by replay"
    )
    if same == samples:
        return f"**Replay is the truth**: {measured}, and route and answer are the same for all {samples} samples."
    return (
        f"**Replay and live differ** for at least {samples - same} of {samples} samples: {measured}. Where the gate was"
        " edited since, `snakemake --forcerun live` runs it again; else batch size or kernels change answers"
        " (first ones named in [live_vs_replay.csv](tables/live_vs_replay.csv))."
    )


def _range(values: pd.Series) -> str:
    return f"{values.min():.2f} to {values.max():.2f}"


def _finding(agent: str, rows: pd.DataFrame) -> str:
    difference = 100 * rows[f"difference_{SCORER}"]
    worse = rows[rows[f"difference_{SCORER}_high"] < 0]
    better = rows[rows[f"difference_{SCORER}_low"] > 0]
    speedup = rows["speedup"]
    names = ", ".join(f"{row['benchmark']}/{row['split']}" for _, row in worse.iterrows())
    return (
        f"**SpecEyes ({SHOWN_METRIC}) with {AGENT_NAMES.get(agent, agent)}** is"
        f" {_range(speedup)} times as fast as the agent alone; its accuracy differs by {difference.min():+.1f} to"
        f" {difference.max():+.1f} points ({SCORER} scorer). Beyond chance it is better on {len(better)} and worse on"
        f" {len(worse)} of {len(rows)} splits{f' ({names})' if names else ''}."
    )
