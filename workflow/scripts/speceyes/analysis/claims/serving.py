"""Test of serving: answers per second of the funnel against the agent alone, while many questions are under way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.stats import ttest_ind

from speceyes.analysis.claims.evidence import ClaimTables, Evidence
from speceyes.analysis.claims.systems import ALL
from speceyes.analysis.funnel import Floats

SPREAD = 1e-9  # of logarithms, below which runs do not differ
EVERY_BENCHMARK = ""  # questions of all splits are offered together


def throughput_gain(tables: ClaimTables, _: Sequence[str]) -> Iterator[Evidence]:
    """Answers per second of the funnel over the agent's, per agent and number of concurrent questions above one.

    Welch's interval of the difference between the systems' logarithms of a run's answers per second; a single
    run of either has no interval, nor have runs that do not differ.
    """
    runs = tables.load[(tables.load["arrivals"] == "closed") & (tables.load["level"] > 1)]
    for (agent, level), rows in runs.groupby(["agent", "level"], sort=False):
        funnel, alone = (np.log(_rates(rows[rows["system"] == system])) for system in ("funnel", "agent"))
        low, high = np.nan, np.nan
        if min(np.ptp(funnel), np.ptp(alone)) > SPREAD:
            compared = ttest_ind(funnel, alone, equal_var=False)
            low, high = np.exp(compared.confidence_interval(tables.statistics.level))
        quantity = f"answers per second over the agent's at C = {level:g}"
        gain = float(np.exp(funnel.mean() - alone.mean()))
        yield Evidence(str(agent), EVERY_BENCHMARK, ALL, quantity, gain, float(low), float(high), len(rows))


def _rates(rows: pd.DataFrame) -> Floats:
    """Answers per second of each run."""
    by_run = rows.groupby("repeat")
    rates: Floats = (by_run.size() / by_run["answer_s"].max()).to_numpy(dtype=np.float64)
    return rates
