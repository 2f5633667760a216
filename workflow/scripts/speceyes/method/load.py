"""Questions that come while others are under way: the agent alone and the funnel as services, side by side.

The paper says that the funnel "boosts serving throughput under concurrent workloads"; its public code answers
one question after the other. Here every question is a thread that goes through the live funnel, one sample at a time;
requests that wait for a model together are answered as one batch, so that screening and drafting of some questions run
beside the tool loops of others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Literal, NamedTuple

import numpy as np

from speceyes.agents.base import Agent
from speceyes.engines.shared import ServedModel, SharedModel
from speceyes.images import Pictures
from speceyes.method.draft import Drafter, DraftSettings
from speceyes.method.funnel import Funnel, Gate
from speceyes.method.load_settings import Arrivals
from speceyes.method.phases import Phases
from speceyes.prompts import PromptFile
from speceyes.records.samples import Sample
from speceyes.records.types import AgentRecord, LiveRecord, LoadRecord
from speceyes.runtime.machine_use import machine_use

System = Literal["agent", "funnel"]
SYSTEMS: tuple[System, ...] = ("agent", "funnel")


@dataclass(frozen=True, slots=True)
class OfferedQuestion:
    """A sample with its split's pictures and the gate that its benchmark has."""

    sample: Sample
    pictures: Pictures
    gate: Gate


class Finished(NamedTuple):
    """An answered question: seconds from its arrival to its answer, and from the run's start to its answer."""

    record: AgentRecord | LiveRecord
    latency_s: float
    answer_s: float


Answer = Callable[[OfferedQuestion], AgentRecord | LiveRecord]


@dataclass(frozen=True, slots=True)
class Service:
    """The agent alone and the funnel over the same two models.

    Args:
        name: the agent's.
        agent: the agent.
        models: ``agent``, its model, and ``draft``.
        screening: whose model screens.
        prompts: the draft's.
        settings: the draft's.
    """

    name: str
    agent: Agent
    models: Mapping[str, SharedModel | ServedModel]
    screening: Literal["agent", "draft"]
    prompts: PromptFile
    settings: DraftSettings

    def answers(self) -> dict[System, Answer]:
        """How each system answers one question."""
        phases = Phases(
            screening_engine=self.models[self.screening].queue("screening"),
            agent_engine=self.models["agent"].queue("agent"),
            agent=self.agent,
            drafter=Drafter(self.models["draft"].queue("draft"), self.prompts, self.settings),
        )

        def alone(question: OfferedQuestion) -> AgentRecord:
            return phases.fall_back(question.sample, question.pictures)

        def funnel(question: OfferedQuestion) -> LiveRecord:
            return Funnel(phases, question.gate, question.pictures).run([question.sample])[0]

        return {"agent": alone, "funnel": funnel}

    @property
    def busy(self) -> dict[str, float]:
        """Seconds that each model has been at work."""
        return {name: model.busy.seconds for name, model in self.models.items()}


class Run(NamedTuple):
    """One run of one system at one level."""

    system: System
    arrivals: Arrivals
    repeat: int


def run_load(
    service: Service, questions: Sequence[OfferedQuestion], every: Sequence[Arrivals], repeats: int, seed: int
) -> Iterator[LoadRecord]:
    """Offer the questions to both systems in every way, so many times over; who is first changes from time to time.

    Args:
        service: both systems.
        questions: in the order in which they are offered; the first ones again where more have to be under way.
        every: ways of arriving.
        repeats: runs of each system and way.
        seed: of the times at which questions arrive; both systems get them at the same times.
    """
    answers = service.answers()
    for ask in answers.values():
        ask(questions[0])  # untimed: first calls compile, allocate and page in
    for repeat in range(repeats):
        for place, arrivals in enumerate(every):
            offered = list(islice(cycle(questions), _offered(questions, arrivals)))
            for system in SYSTEMS if (repeat + place) % 2 == 0 else SYSTEMS[::-1]:
                waits = np.random.default_rng((seed, repeat, place)).exponential(size=len(offered))
                yield from _run(service, Run(system, arrivals, repeat), answers[system], offered, waits.tolist())


def answers_to_come(questions: Sequence[OfferedQuestion], every: Sequence[Arrivals], repeats: int) -> int:
    """How many records :func:`run_load` gives."""
    return len(SYSTEMS) * repeats * sum(_offered(questions, arrivals) for arrivals in every)


def _offered(questions: Sequence[OfferedQuestion], arrivals: Arrivals) -> int:
    return max(len(questions), arrivals.under_way)


def _run(
    service: Service, run: Run, ask: Answer, questions: Sequence[OfferedQuestion], waits: Sequence[float]
) -> list[LoadRecord]:
    """One run; ``waits`` are the seconds between questions that come at random, at one per second on average."""
    before = service.busy
    with machine_use() as use:
        if run.arrivals.kind == "closed":
            finished = closed_loop(ask, questions, run.arrivals.under_way)
        else:
            finished = poisson(ask, questions, [wait / run.arrivals.level for wait in waits])
    shares = {f"{name}_share": (seconds - before[name]) / use.seconds for name, seconds in service.busy.items()}
    shares |= {"cpu_share": use.cpu_share, "gpu_share": use.gpu_share}
    return [_record(service.name, run, one, shares) for one in finished]


def _record(agent: str, run: Run, one: Finished, shares: Mapping[str, float]) -> LoadRecord:
    found = one.record
    return LoadRecord(
        sample_id=found.sample_id,
        status=found.status,
        error=found.error,
        latency_s=one.latency_s,
        generated_tokens=found.generated_tokens,
        agent=agent,
        system=run.system,
        arrivals=run.arrivals.kind,
        level=run.arrivals.level,
        repeat=run.repeat,
        answer_s=one.answer_s,
        answer=found.answer,
        source=found.source if isinstance(found, LiveRecord) else "agent",
        tool_free=isinstance(found, LiveRecord) and found.tool_free,
        accepted=isinstance(found, LiveRecord) and found.accepted,
        **shares,
    )


def closed_loop(ask: Answer, questions: Sequence[OfferedQuestion], concurrency: int) -> list[Finished]:
    """So many clients, each of which asks the next question when its last one is answered."""
    started = time.perf_counter()

    def asked(question: OfferedQuestion) -> Finished:
        return _answered(ask, question, time.perf_counter(), started)

    with ThreadPoolExecutor(concurrency) as askers:
        return list(askers.map(asked, questions))


def poisson(ask: Answer, questions: Sequence[OfferedQuestion], waits: Sequence[float]) -> list[Finished]:
    """Questions that arrive after these waits in seconds, however many are still under way."""
    started = arrival = time.perf_counter()
    under_way: list[Future[Finished]] = []
    with ThreadPoolExecutor(len(questions)) as askers:
        for question, wait in zip(questions, waits, strict=True):
            arrival += wait
            time.sleep(max(0.0, arrival - time.perf_counter()))
            under_way.append(askers.submit(_answered, ask, question, arrival, started))
        return [one.result() for one in under_way]


def _answered(ask: Answer, question: OfferedQuestion, arrival: float, started: float) -> Finished:
    record = ask(question)
    now = time.perf_counter()
    return Finished(record, now - arrival, now - started)


def draw_questions(
    splits: Iterable[tuple[Sequence[Sample], Pictures]], gates: Mapping[str, Gate], count: int, seed: int
) -> list[OfferedQuestion]:
    """So many questions of each benchmark, in random order.

    Args:
        splits: samples of each split and their pictures.
        gates: of each benchmark.
        count: questions per benchmark; all of one that has fewer.
        seed: of the draw.
    """
    generator = np.random.default_rng(seed)
    by_benchmark: dict[str, list[OfferedQuestion]] = {}
    for samples, pictures in splits:
        for sample in samples:
            question = OfferedQuestion(sample, pictures, gates[sample.benchmark])
            by_benchmark.setdefault(sample.benchmark, []).append(question)
    drawn = [
        found[place] for found in by_benchmark.values() for place in generator.permutation(len(found))[:count].tolist()
    ]
    return [drawn[place] for place in generator.permutation(len(drawn)).tolist()]
