"""The paper's Table 1: every system on every split, one row each."""

from __future__ import annotations

import pandas as pd

from speceyes.analysis.names import agent_name
from speceyes.judging.scorers import SCORER_NAMES
from speceyes.method.confidence import metric_name
from speceyes.tables.inputs import TableInputs

READS = ("settings", "specreason_steps")

PEER_STEPS = ["acceptance", "steps"]
KEY = ["system", "agent", "metric", "benchmark", "split"]
PAPERS_METRICS = ("", "log", "mean", "bottom20", "min")  # in its order; others follow in the study's
SYSTEM_ORDER = ("draft", "agent", "specreason", "speceyes")
SYSTEM_NAMES = {"draft": "Draft only", "specreason": "SpecReason", "speceyes": "SpecEyes"}


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    return main_table(inputs.csv("settings"), inputs.csv("specreason_steps"))


def main_table(settings: pd.DataFrame, peer_steps: pd.DataFrame) -> pd.DataFrame:
    """The long table: one row per system and split, in the paper's order.

    The draft stands once; its speedup is over the study's first agent (column ``speedup_over``).
    Speedups are replayed ones, so that all systems are timed by the same passes.

    Args:
        settings: the settings table.
        peer_steps: from :func:`speceyes.tables.specreason_steps.specreason_steps`; SpecReason's rows get the share of
            proposals kept (``acceptance``) and the ``steps`` per sample.
    """
    first = settings["agent"].iloc[0]
    kept = settings[settings["main_table"] & ((settings["method"] != "draft") | (settings["agent"] == first))]
    kept = kept.assign(system=kept["method"], speedup_over=kept["agent"])
    kept.loc[kept["system"] == "draft", "agent"] = ""
    spread = [f"{name}_{limit}" for name in _estimates() for limit in ("low", "high")]
    differences = [f"{name}_{s}" for s in SCORER_NAMES for name in ("difference", "p")]
    columns = [*KEY, "n", *_estimates(), *spread, *differences, "alpha", "beta", "threshold", "top_k", "batch_size"]
    published = peer_steps[peer_steps["variant"] == "published"].assign(system="specreason")
    place = ["system", "agent", "benchmark", "split"]
    kept = kept.merge(published[[*place, *PEER_STEPS]], on=place, how="left", validate="many_to_one")
    return _ordered(kept)[[*columns, *PEER_STEPS, "speedup_over"]].reset_index(drop=True)


def _estimates() -> list[str]:
    return [*(f"accuracy_{scorer}" for scorer in SCORER_NAMES), "speedup"]


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    """Draft, then each agent with its methods; splits in the order in which the study names them."""
    agents = ["", *rows.loc[rows["agent"] != "", "agent"].unique()]
    splits = list(dict.fromkeys(zip(rows["benchmark"], rows["split"], strict=True)))
    own = [metric for metric in rows["metric"].unique() if metric not in PAPERS_METRICS]
    place = [splits.index(split) for split in zip(rows["benchmark"], rows["split"], strict=True)]
    rank = pd.DataFrame(
        {
            "agent": rows["agent"].map(agents.index),
            "system": rows["system"].map(SYSTEM_ORDER.index),
            "metric": rows["metric"].map([*PAPERS_METRICS, *own].index),
            "place": place,
        }
    )
    return rows.loc[rank.sort_values(list(rank.columns)).index]


def system_name(system: str, agent: str, metric: str) -> str:
    """How a system is called on the page: ``SpecEyes (min)``."""
    name = SYSTEM_NAMES.get(system, agent_name(agent))
    return f"{name} ({metric_name(metric)})" if metric else name
