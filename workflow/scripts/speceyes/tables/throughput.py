"""Throughput under load: answers per second of the agent alone and of the funnel, and how long a question waits."""

from __future__ import annotations

import pandas as pd

from speceyes.judging.scorers import SCORER_NAMES
from speceyes.records.devices import one_device
from speceyes.tables.inputs import TableInputs

READS = ("load", "answers")

LEVEL = ["agent", "arrivals", "level"]
PERCENTILES = {"p50_s": 0.5, "p95_s": 0.95, "p99_s": 0.99}
SHARES = ("cpu_share", "gpu_share", "agent_share", "draft_share")


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    one_device(inputs.paths("load"))
    load = pd.concat([pd.read_parquet(path) for path in inputs.paths("load")], ignore_index=True)
    return throughput(load, inputs.parquet("answers"))


def throughput(load: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """One row per agent, arrivals, level and system.

    Args:
        load: rows of :class:`speceyes.records.types.LoadRecord`.
        answers: the study's answers, with which those under load are compared.

    Returns:
        ``answers_per_s`` is the mean over runs, with the slowest and the fastest; ``gain`` the funnel's mean over the
        agent's at the same level. ``bound`` is 1 / (1 - βα) with the shares of these
        very questions, infinite where all are spared. ``same_answers``
        counts answers that the study's passes gave too; accuracies are over those that it scored.
    """
    known = _with_stored(load, answers)
    rows = [_row(keys, runs) for keys, runs in known.groupby([*LEVEL, "system"], sort=False)]
    table = pd.DataFrame(rows)
    alone = table[table["system"] == "agent"].set_index(LEVEL)["answers_per_s"]
    table["gain"] = table["answers_per_s"] / alone.loc[pd.MultiIndex.from_frame(table[LEVEL])].to_numpy()
    return table.sort_values(["agent", *LEVEL[1:], "system"], kind="stable", ignore_index=True)


def _with_stored(load: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Every row beside the study's own answer of the same source; a draft's of its smallest batch that agrees."""
    correct = [f"{scorer}_correct" for scorer in SCORER_NAMES]
    stored = answers[answers["source"].isin(["agent", "draft"])].drop_duplicates(
        ["source", "agent", "sample_id", "answer"]
    )
    asked = load.assign(giver=load["agent"].where(load["source"] == "agent", ""))
    return asked.merge(
        stored[["source", "agent", "sample_id", "answer", *correct]]
        .rename(columns={"agent": "giver"})
        .assign(same=True),
        on=["source", "giver", "sample_id", "answer"],
        how="left",
        validate="many_to_one",
    )


def _row(keys: tuple[object, ...], runs: pd.DataFrame) -> dict[str, object]:
    by_run = runs.groupby("repeat")
    rates = by_run.size() / by_run["answer_s"].max()
    tool_free = runs["tool_free"].sum()
    accepted = runs["accepted"].mean()
    funnel = keys[-1] == "funnel"
    return {
        **dict(zip([*LEVEL, "system"], keys, strict=True)),
        "n": len(runs),
        "runs": len(rates),
        "answers_per_s": rates.mean(),
        "slowest_run": rates.min(),
        "fastest_run": rates.max(),
        **{name: runs["latency_s"].quantile(share) for name, share in PERCENTILES.items()},
        "beta": runs["tool_free"].mean() if funnel else float("nan"),
        "alpha": runs["accepted"].sum() / tool_free if funnel and tool_free else float("nan"),
        "accepted": accepted if funnel else float("nan"),
        "bound": (1 / (1 - accepted) if accepted < 1 else float("inf")) if funnel else float("nan"),
        "same_answers": int(runs["same"].notna().sum()),
        **{f"accuracy_{scorer}": runs[f"{scorer}_correct"].mean() for scorer in SCORER_NAMES},
        **{name: by_run[name].first().mean() for name in SHARES},
    }
