"""Tests of serving: answers per second of the funnel, while many questions are under way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from speceyes.analysis.claims.evidence import ClaimTables, Evidence
from speceyes.analysis.claims.systems import ALL
from speceyes.analysis.serving import gain

EVERY_BENCHMARK = ""  # questions of all splits are offered together


def throughput_gain(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Answers per second of the funnel over the agent's, per agent and number of concurrent questions above one."""
    for agent, systems in _closed(tables):
        for level, funnel in systems["funnel"].items():
            if level > 1:
                quantity = f"answers per second over the agent's at C = {level:g}"
                yield _evidence(agent, quantity, funnel, systems["agent"][level], tables)


def throughput_rise(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Answers per second of the funnel over its own with the fewest questions under way, per agent and level."""
    for agent, systems in _closed(tables):
        funnel = systems["funnel"]
        least = min(funnel)
        for level, runs in funnel.items():
            if level > least:
                quantity = f"answers per second at C = {level:g} over those at C = {least:g}"
                yield _evidence(agent, quantity, runs, funnel[least], tables)


def _closed(tables: ClaimTables) -> Iterator[tuple[str, dict[str, dict[Any, pd.DataFrame]]]]:
    """Each agent's runs by system and number of concurrent questions."""
    closed = tables.load[tables.load["arrivals"] == "closed"]
    for agent, rows in closed.groupby("agent", sort=False):
        systems = rows.groupby("system")
        yield str(agent), {str(system): dict(iter(own.groupby("level"))) for system, own in systems}


def _evidence(agent: str, quantity: str, runs: pd.DataFrame, others: pd.DataFrame, tables: ClaimTables) -> Evidence:
    found = gain(runs, others, tables.statistics.level)
    return Evidence(agent, EVERY_BENCHMARK, ALL, quantity, found.estimate, found.low, found.high, len(runs))
