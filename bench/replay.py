"""What the whole settings grid costs by replay, against running the funnel live at every setting.

Replaying is timed here, anew, from a finished study's stored passes. Live time is what the models
would take: each setting's composed seconds, times how much longer the study's own live runs took than
their replay.

python bench/replay.py results/miniature
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from speceyes.method.replay import Grid, Passes, read_replay, write_replay
from speceyes.records.tables import read_provenance


def stored_passes(study: Path, agent: str, benchmark: str, split: str) -> Passes:
    """The passes of one cell, as the workflow lays them out."""
    where = Path(benchmark, split)
    batches = {int(path.name[1:]): path for path in (study / "draft" / where).glob("b*")}
    return Passes(
        samples=study / "index" / where / "samples.parquet",
        drafts={batch: sorted(folder.glob("*.parquet")) for batch, folder in batches.items()},
        confidences={batch: study / "confidence" / where / f"b{batch}.parquet" for batch in batches},
        screens={b: sorted((study / "screen" / agent / where / f"b{b}").glob("*.parquet")) for b in batches},
        agents=sorted((study / "agent" / agent / where).glob("*.parquet")),
        specreason={},
    )


def cells(study: Path) -> Iterator[tuple[str, str, str, Path]]:
    """Agent, benchmark, split and replay table of every cell."""
    for path in sorted((study / "replay").glob("*/*/*.parquet")):
        yield path.parts[-3], path.parts[-2], path.stem, path


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
    with TemporaryDirectory() as folder:
        for agent, benchmark, split, table in cells(study):
            grid = Grid.model_validate(read_provenance(table)["grid"])
            started = time.perf_counter()
            write_replay(Path(folder, "replay.parquet"), stored_passes(study, agent, benchmark, split), grid, {})
            replayed += time.perf_counter() - started
            replay = read_replay(table, ["latency_s"])
            funnel = [row for row, setting in enumerate(replay.settings) if setting.method == "speceyes"]
            settings += len(funnel)
            live += slower * float(replay.columns["latency_s"][funnel].sum())
    print(f"{settings} settings: {replayed:.1f} s by replay, {live:.0f} s live, {live / replayed:.0f} times as much")


if __name__ == "__main__":
    main()
