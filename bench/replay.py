"""What the whole settings grid costs by replay, against running the funnel live at every setting.

Replaying is timed here, anew, from a finished study's stored passes. Live time is what the models
would take on all samples: each setting's composed seconds, in the mean over its samples, times
how much longer the study's own live runs took than their replay.

python bench/replay.py results/miniature
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from speceyes.method.replay import Passes, read_replay, write_replay
from speceyes.records.passes import COMMON, Cell
from speceyes.study.plan import Plan
from speceyes.study.study import Study


def stored_passes(plan: Plan, cell: Cell) -> Passes:
    """The passes of one cell; SpecReason costs nothing to replay and is left out."""
    where = {"benchmark": cell.benchmark, "split": cell.split}
    own = where | {"agent": cell.agent}
    wording = plan.study.wording(cell.agent)
    return Passes.of(
        samples=Path(plan.layout.samples(**where)),
        drafts=map(Path, plan.tables("draft", wording=wording, **where)),
        confidences=map(Path, plan.tables("confidence", wording=wording, **where)),
        alone=map(Path, plan.tables("draft", wording=COMMON, **where)),
        screens=map(Path, plan.tables("screen", **own)),
        agents=map(Path, plan.tables("agent", **own)),
        specreason=(),
        timing=Path(plan.tables("timing", **own)[0]),
    )


def live_over_replay(study: Path) -> float:
    """How much longer live runs took than their replays say: mean over samples, in units of the agent's time."""
    table = pd.read_csv(study / "tables" / "live_vs_replay.csv")
    if table.empty:
        raise SystemExit(f"{study}: no setting was run live; set live.metrics in its config")
    return float((table["n"] / table["speedup_live"]).sum() / (table["n"] / table["speedup_replay"]).sum())


def main() -> None:
    """Print both costs and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path, help="folder of a finished study")
    study = parser.parse_args().study
    slower = live_over_replay(study)
    replayed = live = 0.0
    settings = 0
    done = Study.of(study)
    plan = Plan(done)
    with TemporaryDirectory() as folder:
        for cell in done.cells:
            passes, grid = stored_passes(plan, cell), done.grid(cell.agent, cell.benchmark)
            started = time.perf_counter()
            write_replay(Path(folder, "replay.parquet"), passes, grid, {})
            replayed += time.perf_counter() - started
            (table,) = plan.tables("replay", **cell._asdict())
            replay = read_replay(Path(table), ["latency_s"])
            funnel = [row for row, setting in enumerate(replay.settings) if setting.method == "speceyes"]
            settings += len(funnel)
            means = np.nanmean(replay.columns["latency_s"][funnel], axis=1)
            live += slower * float(means.sum()) * len(replay.sample_ids)
    print(f"{settings} settings: {replayed:.1f} s by replay, {live:.0f} s live, {live / replayed:.0f} times as much")


if __name__ == "__main__":
    main()
