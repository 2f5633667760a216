"""The ledger: that every sample was answered or ended in an error, and every answer has its verdict."""

from __future__ import annotations

import pandas as pd

from speceyes.judging.scorers import SCORER_NAMES
from speceyes.method.grid import SETTING_FIELDS


class LedgerError(Exception):
    """Numbers of samples that do not add up; the message names the first setting and what is missing."""


def check_ledger(ledger: pd.DataFrame) -> None:
    """Refuse numbers that do not add up: expected = answered + errored; answered = rule + judge + unparsed.

    Raises:
        LedgerError: names the first row that fails and the counts.
    """
    for scorer in SCORER_NAMES:
        decided = ledger[[f"{scorer}_rule", f"{scorer}_judge", f"{scorer}_unparsed"]].sum(axis=1)
        broken = ledger[
            (ledger["expected"] != ledger["answered"] + ledger["errored"]) | (ledger["answered"] != decided)
        ]
        if len(broken):
            row = broken.iloc[0]
            where = ", ".join(f"{name} {row[name]}" for name in ("agent", "benchmark", "split", *SETTING_FIELDS[:-1]))
            raise LedgerError(
                f"ledger ({where}): expected {row['expected']}, answered {row['answered']}, errored {row['errored']}, "
                f"{scorer} verdicts {decided.loc[broken.index[0]]:.0f}; judge the missing answers again"
            )
