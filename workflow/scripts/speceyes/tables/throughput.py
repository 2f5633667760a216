"""Throughput under load: answers per second of the agent alone and of the funnel, and how long a question waits."""

from __future__ import annotations

import pandas as pd

from speceyes.analysis.answers import drafts_for
from speceyes.analysis.serving import RateEstimate, answers_per_second, gain
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
    return throughput(load, inputs.parquet("answers"), inputs.study.statistics.level)


def throughput(load: pd.DataFrame, answers: pd.DataFrame, level: float) -> pd.DataFrame:
    """One row per agent, arrivals, level and system.

    Args:
        load: rows of :class:`speceyes.records.types.LoadRecord`.
        answers: the study's answers, with which those under load are compared.
        level: of the intervals.

    Returns:
        ``answers_per_s`` is over all runs, ``gain`` the funnel's over the agent's at the same level; both with
        intervals (:mod:`speceyes.analysis.serving`). ``bound`` is 1 / (1 - βα) with the shares of these
        very questions, infinite where all are spared. ``same_answers``
        counts answers that the study's passes gave too; accuracies are over those that it scored.
    """
    known = _with_stored(load, answers)
    by_system = {keys: runs for keys, runs in known.groupby([*LEVEL, "system"], sort=False)}
    rows = [_row(keys, runs, by_system[*keys[:-1], "agent"], level) for keys, runs in by_system.items()]
    table = pd.DataFrame(rows)
    return table.sort_values(["agent", *LEVEL[1:], "system"], kind="stable", ignore_index=True)


def _with_stored(load: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Every row beside the study's own answer of the same source."""
    key = ["agent", "source", "sample_id", "answer"]
    stored = pd.concat(
        [
            answers[answers["source"] == "agent"],
            *(drafts_for(agent, answers).assign(agent=agent) for agent in load["agent"].unique()),
        ]
    )
    known = stored[[*key, *(f"{scorer}_correct" for scorer in SCORER_NAMES)]].assign(same=True)
    return load.merge(known, on=key, how="left", validate="many_to_one")


def _row(keys: tuple[object, ...], runs: pd.DataFrame, alone: pd.DataFrame, level: float) -> dict[str, object]:
    by_run = runs.groupby("repeat")
    tool_free = runs["tool_free"].sum()
    accepted = runs["accepted"].mean()
    funnel = keys[-1] == "funnel"
    return {
        **dict(zip([*LEVEL, "system"], keys, strict=True)),
        "n": len(runs),
        "runs": len(by_run),
        **_with_limits("answers_per_s", answers_per_second(runs, level)),
        **_with_limits("gain", gain(runs, alone, level)),
        **{name: runs["latency_s"].quantile(share) for name, share in PERCENTILES.items()},
        "beta": runs["tool_free"].mean() if funnel else float("nan"),
        "alpha": runs["accepted"].sum() / tool_free if funnel and tool_free else float("nan"),
        "accepted": accepted if funnel else float("nan"),
        "bound": (1 / (1 - accepted) if accepted < 1 else float("inf")) if funnel else float("nan"),
        "same_answers": int(runs["same"].notna().sum()),
        **{f"accuracy_{scorer}": runs[f"{scorer}_correct"].mean() for scorer in SCORER_NAMES},
        **{name: by_run[name].first().mean() for name in SHARES},
    }


def _with_limits(name: str, found: RateEstimate) -> dict[str, float]:
    return {name: found.estimate, f"{name}_low": found.low, f"{name}_high": found.high}
