"""GPU time of a study: answers at full throughput, times one after the other on a sample, and the loading of models.

Seconds are those of tables that exist. Where there are none they are shares of the agent's seconds per answer, which
the timing tables give, or an assumption; every assumption is printed with what it priced.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow.compute as pc
import pyarrow.parquet as pq

from speceyes.records.passes import MODEL_STAGES, Pass
from speceyes.records.samples import read_samples
from speceyes.records.times import timings
from speceyes.study.plan import PUBLISHED, Plan
from speceyes.study.study import TIMED, Study

MEASURED_COLUMNS = {"live": ("screen_s", "draft_s", "agent_s")}
# Questions about one image in the official files; one's own count as one.
QUESTIONS_PER_IMAGE: Mapping[str, float] = {"hrbench": 4, "pope": 6}
BY_THE_CLOCK = "agent by the clock"


class Assumptions(NamedTuple):
    """What is taken where nothing is measured.

    Args:
        agent_s: seconds of an agent's answer, one after the other.
        gain: answers computed with many in flight, against one after the other.
        screening: a screening answer's share of an agent's answer: one prompt and some two tokens of three turns.
        draft: a draft answer's: one prompt and up to 20 tokens of a model of a quarter the size.
        load_s: seconds until a job's models are loaded.
    """

    agent_s: float = 10.0
    gain: float = 8.0
    screening: float = 0.04
    draft: float = 0.05
    load_s: float = 120.0


class TimingKey(NamedTuple):
    """What seconds were measured on; ``variant`` is SpecReason's, or a live run's metric."""

    stage: str
    agent: str
    variant: str
    benchmark: str
    split: str


@dataclass(frozen=True, slots=True)
class PlannedPass:
    """One pass of models over one split.

    Args:
        holds: the pass.
        samples: that it runs on.
        tables: its tables, one per shard.
        units: what a sample takes one after the other, in agent's answers.
        gpus: of its jobs.
    """

    holds: Pass
    samples: int
    tables: Sequence[Path]
    units: float
    gpus: int = 1

    @property
    def timed(self) -> TimingKey:
        """What its seconds are measured on."""
        one = self.holds
        return TimingKey(one.stage, one.agent or "", one.variant or one.metric or "", one.benchmark, one.split)


class StageCost(NamedTuple):
    """One stage of one agent: samples in all and done, mean seconds, GPU-hours still to come."""

    stage: str
    agent: str
    samples: int
    done: float
    seconds: float
    hours: float
    basis: str


@dataclass(frozen=True, slots=True)
class ModelJobs:
    """How often a stage loads its models: the stage, its jobs, and the GPUs of each."""

    stage: str
    jobs: int
    gpus: int


def published_shares(path: Path) -> dict[TimingKey, float]:
    """Every published pass's share of its agent's latency: one over its speedup."""
    shares: dict[TimingKey, float] = {}
    with path.open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            stage = {"draft": "draft", "agent": "agent", "specreason": "specreason", "speceyes": "live"}[row["system"]]
            timed = TimingKey(stage, row["agent"], row["metric"], row["benchmark"], row["split"])
            shares[timed] = 1 / float(row["speedup"])
    return shares


def nearest(timed: TimingKey, known: Mapping[TimingKey, float]) -> float | None:
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


def questions_per_image(studies: Iterable[Study]) -> dict[str, float]:
    """Questions about one image by benchmark: of the last study that has its samples, else as in the official files."""
    known = dict(QUESTIONS_PER_IMAGE)
    for study in studies:
        asked: dict[str, list[str]] = defaultdict(list)
        for benchmark, split in study.splits:
            samples = Path(study.layout.samples(benchmark, split))
            if samples.exists():
                asked[benchmark] += [f"{split}/{sample.image_id}" for sample in read_samples(samples)]
        known |= {name: len(images) / len(set(images)) for name, images in asked.items() if images}
    return known


def planned_passes(
    plan: Plan, assumed: Assumptions, per_image: Mapping[str, float] = QUESTIONS_PER_IMAGE
) -> list[PlannedPass]:
    """Every pass that runs models, with what a sample of it takes; stages on some images have all their questions."""
    study = plan.study
    units = _Units(plan, assumed, published_shares(PUBLISHED / "main_table.csv"))
    return [
        PlannedPass(
            holds=one,
            samples=_samples(plan, one, per_image),
            tables=[*map(Path, plan.tables_of(one))],
            units=units.of(one),
            gpus=max(1, study.gpus(one.stage, one.agent or "")),
        )
        for stage in MODEL_STAGES
        for one in plan.select(stage)
    ]


def _samples(plan: Plan, one: Pass, per_image: Mapping[str, float]) -> int:
    whole = plan.study.questions(one.benchmark, one.split) or 0
    drawn = plan.study.drawn(one.stage, one.benchmark)
    if drawn is None or drawn.images is None:
        return whole
    return min(whole, round(drawn.images * per_image.get(one.benchmark, 1)))


def drawn_from(plan: Plan, per_image: Mapping[str, float] = QUESTIONS_PER_IMAGE) -> dict[str, int]:
    """Images of a benchmark's largest split, by the official numbers of questions; of benchmarks that have them."""
    sizes: dict[str, int] = {}
    for benchmark, split in plan.study.splits:
        if questions := plan.study.questions(benchmark, split):
            images = math.ceil(questions / per_image.get(benchmark, 1))
            sizes[benchmark] = max(images, sizes.get(benchmark, 0))
    return sizes


@dataclass(frozen=True, slots=True)
class _Units:
    """What a sample takes one after the other, in agent's answers."""

    plan: Plan
    assumed: Assumptions
    shares: Mapping[TimingKey, float]

    def of(self, one: Pass) -> float:
        """A pass's."""
        match one.stage:
            case "draft":
                return self.assumed.draft
            case "screen":
                return self.assumed.screening
            case "specreason" | "corrected_specreason":
                return self._published("specreason", one)
            case "live":
                return self._published("live", one)
            case "timing":
                return self._timing(one)
            case _:
                return 1.0

    def _published(self, stage: str, one: Pass) -> float:
        return (
            nearest(TimingKey(stage, one.agent or "", one.metric or "", one.benchmark, one.split), self.shares) or 1.0
        )

    def _timing(self, one: Pass) -> float:
        """Screening and draft at every batch size, the agent, every variant of SpecReason."""
        study = self.plan.study
        batched = (self.assumed.screening + self.assumed.draft) * len(study.batches(one.benchmark))
        peers = self._published("specreason", one) * len(study.variants(one.agent or "", one.benchmark))
        return study.config.timing.repeats * (batched + 1.0 + peers)


def model_jobs(plan: Plan) -> list[ModelJobs]:
    """The jobs that load models and have something left to do."""
    found = []
    for stage in plan.model_rules:
        if any(not Path(table).exists() for table in plan.written_by(stage)):
            gpus = max(max(1, plan.study.gpus(stage, one.agent or "")) for one in plan.select(stage))
            found.append(ModelJobs(stage, plan.model_jobs(stage), gpus))
    return found


def measured_seconds(passes: Iterable[PlannedPass]) -> dict[TimingKey, float]:
    """Mean seconds per sample of every pass that has tables; of live runs by the clock."""
    sums: dict[TimingKey, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for planned in passes:
        if planned.holds.stage == "timing":
            continue
        for path in planned.tables:
            if path.exists():
                seconds, rows = _seconds(path, MEASURED_COLUMNS.get(planned.holds.stage, ("latency_s",)))
                before = sums[planned.timed]
                sums[planned.timed] = (before[0] + seconds, before[1] + rows)
    return {timed: seconds / rows for timed, (seconds, rows) in sums.items() if rows}


def _seconds(path: Path, columns: Sequence[str]) -> tuple[float, int]:
    table = pq.read_table(path, columns=list(columns))
    return sum(pc.sum(table[name]).as_py() or 0.0 for name in columns), table.num_rows


def timed_agents(passes: Iterable[PlannedPass]) -> dict[str, float]:
    """Mean seconds of each agent's answers, one after the other, where timing tables exist."""
    tables: dict[str, list[Path]] = defaultdict(list)
    for planned in passes:
        if planned.holds.stage == "timing":
            tables[planned.timed.agent] += [path for path in planned.tables if path.exists()]
    measured = {agent: timings(paths) for agent, paths in tables.items() if paths}
    return {agent: float(rows[rows["step"] == "agent"]["latency_s"].mean()) for agent, rows in measured.items()}


def assumption(assumed: Assumptions) -> str:
    """What seconds rest on where no agent was timed."""
    return f"{assumed.agent_s:g} s assumed for the agent"


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds per sample of any pass."""

    measured: Mapping[TimingKey, float]
    agents: Mapping[str, float]
    assumed: Assumptions

    def of(self, planned: PlannedPass) -> tuple[float, str]:
        """Seconds per sample and where they come from."""
        here = nearest(planned.timed, self.measured)
        if here is not None:
            return here, "measured"
        agents = (
            [self.agents[planned.timed.agent]] if planned.timed.agent in self.agents else list(self.agents.values())
        )
        agent_s = sum(agents) / len(agents) if agents else self.assumed.agent_s
        source = BY_THE_CLOCK if agents else assumption(self.assumed)
        if planned.holds.stage in TIMED:
            return planned.units * agent_s, f"one after the other, {source}"
        return planned.units * agent_s / self.assumed.gain, f"many in flight, {source}"


def stage_costs(
    passes: Sequence[PlannedPass], assumed: Assumptions, pilot: Sequence[PlannedPass] = ()
) -> list[StageCost]:
    """GPU time by stage and agent, in the order of the stages; measured on these passes and a pilot's."""
    known = [*pilot, *passes]
    rates = Rates(measured_seconds(known), timed_agents(known), assumed)
    groups: dict[tuple[str, str], list[PlannedPass]] = defaultdict(list)
    for planned in passes:
        groups[planned.timed.stage, planned.timed.agent].append(planned)
    return [_stage_cost(group, rates) for group in groups.values()]


def _stage_cost(passes: Sequence[PlannedPass], rates: Rates) -> StageCost:
    total, left, done = 0.0, 0.0, 0.0
    bases: dict[str, None] = {}
    for planned in passes:
        seconds, basis = rates.of(planned)
        share_done = sum(path.exists() for path in planned.tables) / len(planned.tables)
        total += seconds * planned.samples
        left += seconds * planned.samples * (1 - share_done) * planned.gpus
        done += planned.samples * share_done
        bases[basis] = None
    samples = sum(planned.samples for planned in passes)
    first = passes[0].timed
    return StageCost(first.stage, first.agent, samples, done, total / max(samples, 1), left / 3600, "; ".join(bases))


def load_costs(plan: Plan, assumed: Assumptions, known: Mapping[str, float]) -> list[StageCost]:
    """Load: every question to the agent alone and to the funnel, at every level, as often as repeated.

    So many questions under way are answered so many times as fast, up to the gain of many in flight; at random times
    no faster than they come.

    Args:
        plan: of the study.
        assumed: the seconds of an agent that is not known.
        known: mean seconds of agents' answers, one after the other.
    """
    load, layout = plan.study.config.load, plan.study.layout
    if load is None:
        return []
    answered = 2 * load.questions * len(plan.study.config.benchmarks) * (len(load.concurrency) + len(load.rates))
    costs = []
    for agent in plan.study.config.agents:
        agent_s = known.get(agent, assumed.agent_s)
        fastest = agent_s / assumed.gain
        levels = [max(agent_s / level, fastest) for level in load.concurrency]
        levels += [max(1 / rate, fastest) for rate in load.rates]
        seconds = sum(levels) / len(levels)
        samples = answered * load.repeats
        left = 0 if Path(layout.load(agent)).exists() else samples
        basis = BY_THE_CLOCK if agent in known else assumption(assumed)
        costs.append(StageCost("load", agent, samples, samples - left, seconds, seconds * left / 3600, basis))
    return costs


def loading_hours(jobs: Sequence[ModelJobs], assumed: Assumptions) -> float:
    """GPU-hours until the models of all jobs are loaded."""
    return sum(one.jobs * one.gpus for one in jobs) * assumed.load_s / 3600


def render_hours(costs: Sequence[StageCost], jobs: Sequence[ModelJobs], assumed: Assumptions) -> str:
    """The table of costs, what loading adds, and every assumption."""
    head = f"  {'stage':<22} {'samples':>8} {'done':>6} {'s/sample':>9} {'GPU-hours':>10}  basis"
    rows = [
        f"  {f'{cost.stage} {cost.agent}':<22} {cost.samples:>8} {cost.done / max(cost.samples, 1):>6.0%} "
        f"{cost.seconds:>9.2f} {cost.hours:>10.2f}  {cost.basis}"
        for cost in costs
    ]
    loads = sum(one.jobs for one in jobs)
    loading = loading_hours(jobs, assumed)
    hours = sum(cost.hours for cost in costs) + loading
    rows.append(
        f"  {f'loading models, {loads} jobs':<47} {loading:>10.2f}  {assumed.load_s:g} s assumed per job and GPU"
    )
    total = f"  {'together':<47} {hours:>10.2f}  without judging"
    return "\n".join(["GPU time still to come", head, *rows, total, "", *_assumptions(assumed)])


def _assumptions(assumed: Assumptions) -> list[str]:
    images = ", ".join(f"{name} {count}" for name, count in QUESTIONS_PER_IMAGE.items())
    return [
        "Assumed where nothing is measured",
        f"  an agent's answer, one after the other: {assumed.agent_s:g} s",
        f"  answers computed with many in flight: {assumed.gain:g} times as fast",
        f"  one screening answer: {assumed.screening:g} of an agent's answer; one draft answer: {assumed.draft:g}",
        "  SpecReason and the funnel live: the agent's seconds over the paper's speedups",
        f"  questions about one image, for times on a sample of images: {images}, else 1",
    ]
