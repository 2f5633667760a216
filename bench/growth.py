"""How time and memory grow with the number of samples, on synthetic passes of one agent on one split.

Each step runs in a process of its own, so that its peak of memory is its own: the record store (writing and streaming
draft records), confidences' reading and replay of every setting, measuring all of them, outcomes, the recommended
thresholds, and, up to 100 thousand samples, the explorer's page without pictures, whose records are drawn whole
(tests/helpers/synthetic_study.py).

python bench/growth.py                           # 10 thousand, 100 thousand and 1 million samples
python bench/growth.py --samples 10000 --folder /tmp/growth
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

from explored_study import explorer_tables
from speceyes.analysis.measures import settings_and_ledger
from speceyes.analysis.outcomes import OutcomeTables, outcomes, write_outcomes
from speceyes.analysis.settings import StatisticsSettings
from speceyes.method.confidence import METRICS
from speceyes.method.grid import Grid
from speceyes.method.replay import Passes, write_replay
from speceyes.pages.explorer.page import write_explorer
from speceyes.records.passes import Cell, Pass
from speceyes.records.tables import PROVENANCE_KEY, read_table, write_table
from speceyes.records.types import FORMAT_VERSION, DraftRecord, StepName, Timed, TimingRecord
from speceyes.tables.recommended_threshold import recommended_thresholds
from synthetic_study import SyntheticStudy
from synthetic_tables import write_measures

R = TypeVar("R")
CELL = Cell("agent", "bench", "split")
TOP_KS = (32, 64, 96)
THRESHOLDS = (0.99, 0.98, 0.97, 0.96, 0.95, 0.94)
STATISTICS = StatisticsSettings()
ROWS_PER_IMAGE = 2
TIMED_SAMPLES = 1000
EXPLORED_SAMPLES = 100_000  # the most that a page is written of
LIMIT_GIB, LIMIT_RATIO = 4.0, 1.3


def grid() -> Grid:
    """Settings of the paper's kinds at one batch size."""
    return Grid(
        metrics=METRICS, top_ks=TOP_KS, thresholds=THRESHOLDS, batch_sizes=(6,),
        operating_points=dict.fromkeys(METRICS, 0.98), main_top_k=64, main_batch_size=6,
    )  # fmt: skip


def stamped(kind: str, stage: str, **names: object) -> dict[bytes, str]:
    """A table's provenance, as the stages write it."""
    holds = Pass.model_validate({"stage": stage, "benchmark": CELL.benchmark, "split": CELL.split} | names)
    return {PROVENANCE_KEY: json.dumps(holds.stamp() | {"record": kind, "format": FORMAT_VERSION})}


def write(path: Path, columns: dict[str, object], metadata: dict[bytes, str]) -> None:
    """A table of columns."""
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path)


def write_passes(folder: Path, count: int) -> None:
    """Everything that replay and measures read, drawn from a seed."""
    generator = np.random.default_rng(0)
    ids = pa.array([f"bench/split/{number:07}" for number in range(count)])
    timed = {
        "sample_id": ids,
        "status": pa.array(np.full(count, "ok")),
        "latency_s": generator.random(count),
        "generated_tokens": generator.integers(1, 200, count),
    }
    tool_free = generator.random(count) < 0.6
    write(folder / "samples.parquet", {"sample_id": ids}, {})
    write(folder / "draft.parquet", timed, stamped("DraftRecord", "draft", wording="draft", batch=6))
    write(
        folder / "screen.parquet",
        timed | {"tool_free": tool_free},
        stamped("ScreenRecord", "screen", agent="agent", batch=6),
    )
    agent = timed | {"tool_calls": generator.integers(0, 4, count)}
    write(folder / "agent.parquet", agent, stamped("AgentRecord", "agent", agent="agent"))
    _write_times(folder, count, generator)
    confidence = np.sort(generator.beta(8, 0.3, count))
    with pq.ParquetWriter(
        folder / "confidence.parquet",
        pa.schema(
            [("sample_id", pa.string()), ("metric", pa.string()), ("top_k", pa.int64()), ("confidence", pa.float64())],
            metadata=stamped("confidence", "confidence", wording="draft", batch=6),
        ),
    ) as writer:
        for start in range(0, count, 2048):
            part = ids.slice(start, 2048)
            for metric in METRICS:
                for top_k in TOP_KS:
                    values = confidence[start : start + 2048]
                    cells = [part, pa.repeat(metric, len(part)), pa.repeat(top_k, len(part)), values]
                    writer.write_table(pa.table(cells, schema=writer.schema))
    _write_answers(folder, ids, timed["latency_s"], generator)


def explored(folder: Path, count: int) -> SyntheticStudy:
    """A study of one agent on one split, as the explorer reads it."""
    return SyntheticStudy(
        folder / "explored", {("pope", "random"): count}, agents=("deepeyes",), batches=(6,), top_ks=(16,),
        thresholds=THRESHOLDS, variants=(), runs_live=False, timed_images=10,
    )  # fmt: skip


def write_explored(folder: Path, count: int) -> None:
    """Its passes and tables."""
    write_measures(explored(folder, count).write(), folder / "explorer", STATISTICS)


def _write_times(folder: Path, count: int, generator: np.random.Generator) -> None:
    """Times of a sample that does not grow with the study."""
    drawn = generator.permutation(count)[:TIMED_SAMPLES].tolist()
    steps: tuple[tuple[StepName, int], ...] = (("screen", 6), ("draft", 6), ("agent", 0))
    records = [
        TimingRecord(
            sample_id=f"bench/split/{number:07}",
            times=tuple(
                Timed(step=step, batch=batch, repeat=0, latency_s=generator.random(), status="ok", answer="red")
                for step, batch in steps
            ),
        )
        for number in sorted(drawn)
    ]
    holds = Pass(stage="timing", benchmark=CELL.benchmark, split=CELL.split, agent=CELL.agent)
    write_table(folder / "timing.parquet", TimingRecord, records, holds.stamp())


def _write_answers(folder: Path, ids: pa.Array, seconds: object, generator: np.random.Generator) -> None:
    count = len(ids)
    parts = []
    for source, agent, batch in (("draft", "", 6), ("agent", "agent", 0)):
        right = (generator.random(count) < 0.7).astype(float)
        shared = {"benchmark": "bench", "split": "split", "source": source, "agent": agent, "batch_size": batch}
        shared |= {"status": "ok", "errored": False, "answer": "", "tokens": 1, "tool_calls": 1, "steps": 1}
        shared |= {f"{scorer}_{what}": value for scorer in ("published", "corrected")
                   for what, value in (("correct", right), ("decided_by", "rule"))}  # fmt: skip
        images = pa.array([f"{number // ROWS_PER_IMAGE:07}" for number in range(count)])
        frame = pd.DataFrame({"sample_id": ids.to_pandas(), "image_id": images.to_pandas(), "latency_s": seconds})
        parts.append(frame.assign(**shared))
    pd.concat(parts, ignore_index=True).to_parquet(folder / "answers.parquet", index=False)


def store_records(folder: Path, count: int) -> None:
    """Write draft records of four tokens and eight log-probabilities, and stream them back."""
    row = (tuple(float(value) for value in -np.arange(8)),) * 4
    records = (
        DraftRecord(sample_id=f"{number:07}", text="red", tokens=("t",) * 4, token_ids=(1,) * 4, top_logprobs=row)
        for number in range(count)
    )
    write_table(folder / "records.parquet", DraftRecord, records, {})
    assert sum(1 for _ in read_table(folder / "records.parquet", DraftRecord)) == count


def replay(folder: Path, _: int) -> None:
    """Every setting of the cell."""
    passes = Passes.of(
        samples=folder / "samples.parquet",
        drafts=[folder / "draft.parquet"],
        confidences=[folder / "confidence.parquet"],
        alone=[folder / "draft.parquet"],
        screens=[folder / "screen.parquet"],
        agents=[folder / "agent.parquet"],
        specreason=[],
        timing=folder / "timing.parquet",
    )
    holds = Pass(stage="replay", benchmark=CELL.benchmark, split=CELL.split, agent=CELL.agent)
    write_replay(folder / "replay.parquet", passes, grid(), holds.stamp())


def measure(folder: Path, _: int) -> None:
    """Accuracies, speedups, intervals and the ledger of every setting."""
    settings_and_ledger({CELL: folder / "replay.parquet"}, pd.read_parquet(folder / "answers.parquet"), STATISTICS)


def happened(folder: Path, _: int) -> None:
    """The outcomes table."""
    tables = OutcomeTables(
        {CELL: folder / "replay.parquet"}, {CELL: folder / "confidence.parquet"}, {CELL.benchmark: 6}
    )
    write_outcomes(outcomes(tables, pd.read_parquet(folder / "answers.parquet")), folder / "outcomes.parquet")


def recommend(folder: Path, _: int) -> None:
    """The threshold of one metric."""
    point = pd.DataFrame([{"agent": CELL.agent, "benchmark": CELL.benchmark, "metric": "min", "threshold": 0.98}])
    recommended_thresholds(pd.read_parquet(folder / "outcomes.parquet"), point, 64, STATISTICS)


def explore(folder: Path, count: int) -> None:
    """The explorer, one page."""
    tables = explorer_tables(explored(folder, count), folder / "explorer", folder / "images", folder / "media")
    write_explorer(tables, folder / "explorer.html", {})


STEPS: dict[str, Callable[[Path, int], None]] = {
    "record store": store_records,
    "replay": replay,
    "measures": measure,
    "outcomes": happened,
    "thresholds": recommend,
    "explorer": explore,
}


def alone(work: Callable[[Path, int], R], folder: Path, count: int) -> R:
    """What the work gives back, done in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, (folder, count))


def measured(step: str, folder: Path, count: int) -> tuple[float, float, float]:
    """Seconds, processor seconds and peak GiB of a step, imports included in the last alone."""
    started, working = time.perf_counter(), time.process_time()
    STEPS[step](folder, count)
    return time.perf_counter() - started, time.process_time() - working, peak_gib()


def peak_gib() -> float:
    """The most memory that this process has held; getrusage's also counts that of the process that started it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)[1]) / 2**20  # type: ignore[index]


def main() -> None:
    """Print a table; the exit status is 1 where memory or time outgrow their limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="where the tables go; needs some GB, a temporary folder by default")
    given = parser.parse_args()
    print(f"{len(grid().settings())} settings, one agent, one split")
    print(f"{'step':<14} {'samples':>9} {'seconds':>9} {'processor':>9} {'GiB':>6}  {'against linear':>14}")
    failed = False
    last: dict[str, tuple[int, float]] = {}
    for count in given.samples:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            alone(write_passes, Path(folder), count)
            steps = [step for step in STEPS if step != "explorer"]
            if count <= EXPLORED_SAMPLES:
                alone(write_explored, Path(folder), count)
                steps.append("explorer")
            for step in steps:
                seconds, processor, memory = alone(partial(measured, step), Path(folder), count)
                before = last.get(step)
                ratio = processor / before[1] * before[0] / count if before else 0.0
                last[step] = (count, processor)
                failed |= memory > LIMIT_GIB or (before is not None and before[0] >= 100_000 and ratio > LIMIT_RATIO)
                print(
                    f"{step:<14} {count:>9} {seconds:>9.1f} {processor:>9.1f} {memory:>6.2f}  "
                    f"{f'{ratio:.2f}' if before else 'first':>14}",
                    flush=True,
                )
    sys.exit(failed)


if __name__ == "__main__":
    main()
