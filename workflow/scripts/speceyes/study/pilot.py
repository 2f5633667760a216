"""What a pilot says of a set-up: whether all stages have run, and what went wrong in them without stopping them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from speceyes.judging.scorers import SCORER_NAMES
from speceyes.study.study import Study
from speceyes.tables.csv_files import read_csv


def render_pilot(pilot: Study) -> str:
    """Samples, errors, stuck texts and cut batches by stage; how often the judge decided, and could not be read."""
    faults, verdicts = Path(pilot.layout.table("pass_faults")), Path(pilot.layout.verdicts)
    missing = [str(path) for path in (faults, verdicts) if not path.exists()]
    if missing:
        return f"Pilot {pilot.name} has not run to its end: {missing[0]} is not there"
    return "\n".join([f"Pilot {pilot.name}: every stage has run, also the judge", *_faults(faults), _judge(verdicts)])


def _faults(table: Path) -> Iterator[str]:
    yield f"  {'stage':<22} {'samples':>8} {'errors':>8} {'stuck':>8} {'cut':>8}  smallest batch"
    for (stage, agent), rows in read_csv(table).groupby(["stage", "agent"], sort=False):
        sums = "".join(f" {rows[name].sum():>8}" for name in ("n", "errors", "stuck", "cut"))
        cut = rows["smallest_batch"][rows["cut"] > 0]
        yield f"  {f'{stage} {agent}':<22}{sums}  {cut.min() if len(cut) else 'as planned'}"


def _judge(verdicts: Path) -> str:
    table = pq.read_table(verdicts, columns=[f"{scorer}_decided_by" for scorer in SCORER_NAMES])
    decided = [by for column in table.columns for by in column.to_pylist()]
    unread = decided.count("unparsed")
    return (
        f"  The judge was asked {decided.count('judge') + unread} times; {unread} replies said neither right nor wrong"
    )
