"""What a study will still cost before it runs: downloads, disk, GPU time and memory, judge calls; what is done.

Seconds per sample are those of tables that exist. Where there are none, the paper's speedups give a
pass's share of the agent's latency; the paper prints no latency in seconds, so the agent's own is
measured, or an assumption that the table names as one.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow.compute as pc
import pyarrow.parquet as pq

from speceyes.documents import DocumentError, read_yaml
from speceyes.judging.scorers import SCORER_NAMES
from speceyes.records.passes import Pass, PassStage
from speceyes.study.config import load_config
from speceyes.study.config.errors import ConfigError
from speceyes.study.downloads import Downloads
from speceyes.study.gpu_memory import Planned, card_gigabytes, planned_memory, render_memory
from speceyes.study.plan import PUBLISHED, Plan
from speceyes.study.study import Study

GB = 1e9
BYTES_PER_LOGPROB = 4
SCORERS = 2
# The stages that run models, in the order in which they are listed; of these some give answers to be judged.
RUN: tuple[PassStage, ...] = ("draft", "screen", "agent", "specreason", "live")
JUDGED: tuple[PassStage, ...] = ("draft", "agent", "specreason")
LATENCY_COLUMNS = {"live": ("screen_s", "draft_s", "agent_s")}


class Timed(NamedTuple):
    """What a latency was measured on; ``variant`` is SpecReason's, or a live run's metric."""

    stage: str
    agent: str
    variant: str
    benchmark: str
    split: str


@dataclass(frozen=True, slots=True)
class Download:
    """A folder that is there or will be downloaded; ``gigabytes`` None is not known."""

    name: str
    path: Path
    store: Path
    gigabytes: float | None


@dataclass(frozen=True, slots=True)
class PlannedPass:
    """One pass of models over one split: how many samples it has, and its tables, one per shard."""

    holds: Pass
    samples: int
    tables: Sequence[Path]

    @property
    def timed(self) -> Timed:
        """What its latency is measured on."""
        one = self.holds
        return Timed(one.stage, one.agent or "", one.variant or one.metric or "", one.benchmark, one.split)


@dataclass(frozen=True, slots=True)
class Work:
    """All that a configured study has to do."""

    study: str
    results: Path
    downloads: Sequence[Download]
    passes: Sequence[PlannedPass]
    verdicts: Path
    top_k: int
    draft_tokens: int
    memory: Sequence[Planned] = ()
    agent_latency_s: float = 10.0

    @classmethod
    def of(cls, study: Study) -> Work:
        """What a study has to do, and where it would lie if it were done."""
        plan, settings = Plan(study), study.config.draft.settings
        return cls(
            study=study.name,
            results=Path(study.layout.results),
            downloads=_downloads(study),
            passes=[
                PlannedPass(one, study.questions(one.benchmark, one.split) or 0, [*map(Path, plan.tables_of(one))])
                for stage in RUN
                for one in plan.select(stage)
            ],
            verdicts=Path(study.layout.verdicts),
            top_k=settings.top_k,
            draft_tokens=settings.max_new_tokens,
            memory=planned_memory(study),
        )


def _downloads(study: Study) -> list[Download]:
    downloads = Downloads(study)
    folders = [(study.config.benchmarks[name].path, downloads.dataset(name)) for name in downloads.datasets]
    folders += [(model.path, downloads.model(name)) for name, model in downloads.models.items()]
    return [
        Download(found.name, Path(path), Path(path).parent / ".downloads" / found.folder_name, found.entry.gigabytes)
        for path, found in folders
    ]


class StageCost(NamedTuple):
    """The cost of one stage of one agent: samples in all and done, mean seconds, GPU-hours still to come."""

    stage: str
    agent: str
    samples: int
    done: float
    seconds: float
    hours: float
    basis: str


def measured_latencies(passes: Iterable[PlannedPass]) -> dict[Timed, float]:
    """Mean seconds per sample of every pass that has tables."""
    sums: dict[Timed, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for planned in passes:
        timed = planned.timed
        for path in planned.tables:
            if path.exists():
                seconds, rows = _seconds(path, LATENCY_COLUMNS.get(planned.holds.stage, ("latency_s",)))
                sums[timed] = (sums[timed][0] + seconds, sums[timed][1] + rows)
    return {timed: seconds / rows for timed, (seconds, rows) in sums.items() if rows}


def _seconds(path: Path, columns: Sequence[str]) -> tuple[float, int]:
    table = pq.read_table(path, columns=list(columns))
    return sum(pc.sum(table[name]).as_py() or 0.0 for name in columns), table.num_rows


def published_shares(path: Path) -> dict[Timed, float]:
    """Every published pass's share of its agent's latency: one over its speedup; screening is taken as the draft's."""
    shares: dict[Timed, float] = {}
    with path.open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            stage = {"draft": "draft", "agent": "agent", "specreason": "specreason", "speceyes": "live"}[row["system"]]
            timed = Timed(stage, row["agent"], row["metric"], row["benchmark"], row["split"])
            shares[timed] = 1 / float(row["speedup"])
            if stage == "draft":
                shares[timed._replace(stage="screen")] = shares[timed]
    return shares


def nearest(timed: Timed, known: Mapping[Timed, float]) -> float | None:
    """The value of what was timed, else the mean of the same split, of the same benchmark, of the same stage.

    An empty agent (the draft model serves all of them) or variant matches any.
    """
    for width in (5, 4, 3, 2):
        fields = [
            field for field in ("stage", "agent", "benchmark", "split", "variant")[:width] if getattr(timed, field)
        ]
        found = [
            value
            for other, value in known.items()
            if all(getattr(other, field) == getattr(timed, field) for field in fields)
        ]
        if found:
            return sum(found) / len(found)
    return None


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds per sample of any pass: measured, else from the paper's share of the agent's latency."""

    measured: Mapping[Timed, float]
    shares: Mapping[Timed, float]
    agent_latency_s: float

    def of(self, timed: Timed) -> tuple[float, str]:
        """Seconds per sample and where they come from."""
        here = nearest(timed, self.measured)
        if here is not None:
            return here, "measured"
        drafts = timed.stage in ("draft", "screen")
        share = nearest(timed._replace(agent="", variant="") if drafts else timed, self.shares) or 1.0
        agent = nearest(timed._replace(stage="agent", variant=""), self.measured)
        if agent is not None:
            return share * agent, "paper's speedup x measured agent"
        return share * self.agent_latency_s, f"paper's speedup x {self.agent_latency_s:g} s assumed for the agent"


def stage_costs(work: Work) -> list[StageCost]:
    """GPU time by stage and agent, in the order of the stages."""
    rates = Rates(measured_latencies(work.passes), published_shares(PUBLISHED / "main_table.csv"), work.agent_latency_s)
    groups: dict[tuple[str, str], list[PlannedPass]] = defaultdict(list)
    for planned in work.passes:
        groups[planned.timed.stage, planned.timed.agent].append(planned)
    return [_stage_cost(passes, rates) for passes in groups.values()]


def _stage_cost(passes: Sequence[PlannedPass], rates: Rates) -> StageCost:
    total, left, done = 0.0, 0.0, 0.0
    bases: dict[str, None] = {}
    for planned in passes:
        seconds, basis = rates.of(planned.timed)
        share_done = sum(path.exists() for path in planned.tables) / len(planned.tables)
        total += seconds * planned.samples
        left += seconds * planned.samples * (1 - share_done)
        done += planned.samples * share_done
        bases[basis] = None
    samples = sum(planned.samples for planned in passes)
    seconds_per_sample = total / max(samples, 1)
    return StageCost(
        passes[0].timed.stage, passes[0].timed.agent, samples, done, seconds_per_sample, left / 3600, "; ".join(bases)
    )


def bytes_to_come(download: Download) -> float | None:
    """Bytes that a download will still fetch; None when its size is not known."""
    if download.path.is_dir() and any(download.path.iterdir()):
        return 0.0
    if download.gigabytes is None:
        return None
    present = sum(path.stat().st_size for path in download.store.rglob("*") if path.is_file())
    return max(download.gigabytes * GB - present, 0.0)


def judge_calls(work: Work) -> int:
    """The most calls that the judge may get: every answer once per scorer; rules and repeated answers lower it.

    Live answers repeat others.
    """
    if work.verdicts.exists():
        return 0
    return len(SCORER_NAMES) * sum(planned.samples for planned in work.passes if planned.holds.stage in JUDGED)


def draft_bytes(work: Work) -> float:
    """What the stored top-K log-probabilities take at most."""
    samples = sum(planned.samples for planned in work.passes if planned.holds.stage == "draft")
    return float(samples * work.draft_tokens * work.top_k * BYTES_PER_LOGPROB)


def render(work: Work) -> str:
    """The whole estimate as text."""
    return "\n\n".join(
        (
            f"Study {work.study}",
            _render_bytes(work),
            _render_hours(stage_costs(work)),
            *([render_memory(work.memory, card_gigabytes())] if work.memory else []),
            f"Judge: at most {judge_calls(work)} calls",
        )
    )


def _render_bytes(work: Work) -> str:
    left = {download.name: bytes_to_come(download) for download in work.downloads}
    known = sum(size or 0.0 for size in left.values()) / GB
    unknown = sum(size is None for size in left.values())
    sizes = {name: _size(size) for name, size in left.items()}
    sizes["together"] = f"{known:.2f} GB" + (f" and {unknown} of unknown size" if unknown else "")
    free = shutil.disk_usage(_existing(work.results)).free
    enough = "" if known * GB + draft_bytes(work) < free else ", which is not enough"
    disk = {
        "top-K log-probabilities, at most": _size(draft_bytes(work)),
        "free now": _size(free) + enough,
    }
    return "\n".join(["To download", *_lines(sizes), "", "Disk besides downloads", *_lines(disk)])


def _size(size: float | None) -> str:
    return "size not known" if size is None else "there" if size == 0 else f"{size / GB:.2f} GB"


def _lines(values: Mapping[str, str]) -> list[str]:
    return [f"  {name:<34} {value}" for name, value in values.items()]


def _render_hours(costs: Sequence[StageCost]) -> str:
    head = f"  {'stage':<22} {'samples':>8} {'done':>6} {'s/sample':>9} {'GPU-hours':>10}  basis"
    rows = [
        f"  {f'{cost.stage} {cost.agent}':<22} {cost.samples:>8} {cost.done / max(cost.samples, 1):>6.0%} "
        f"{cost.seconds:>9.2f} {cost.hours:>10.2f}  {cost.basis}"
        for cost in costs
    ]
    hours = sum(cost.hours for cost in costs)
    total = f"  {'together':<47} {hours:>10.2f}  without loading models and judging"
    return "\n".join(["GPU time still to come", head, *rows, total])


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(parent for parent in (path, *path.resolve().parents) if parent.exists())


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="a whole study, e.g. config/config.yaml")
    try:
        print(render(Work.of(Study(load_config(read_yaml(parser.parse_args().config))))))
    except (ConfigError, DocumentError) as error:
        sys.exit(str(error))
