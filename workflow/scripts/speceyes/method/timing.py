"""The clock: every step of the method, and what it is held against, on the same samples in one process.

A block of samples goes through all steps before the next block begins, in turns forwards and backwards, so that a
device that warms up or slows down does so for all of them alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from speceyes.images import Pictures
from speceyes.method.model_pass import ModelPass, Portion, Work
from speceyes.method.phases import Phases, phases_of
from speceyes.method.specreason import VARIANTS, SpecReason, SpecReasonSettings, Variant
from speceyes.records.batches import BatchSize, in_batches
from speceyes.records.samples import Sample
from speceyes.records.types import AgentRecord, DraftRecord, ScreenRecord, StepName, Timed, TimingRecord

StepRecord = ScreenRecord | DraftRecord | AgentRecord


@dataclass(frozen=True, slots=True)
class TimedStep:
    """One step at one batch size, or one that takes sample after sample (batch 0)."""

    step: StepName
    run: Callable[[Sequence[Sample]], Iterator[StepRecord]]
    batch: int = 0
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """Everything that is timed.

    Args:
        phases: the models; the agent's takes one sample after the other as published.
        peers: SpecReason by variant.
        batches: sizes at which screening and drafting are timed.
        repeats: how often all of it is.
    """

    phases: Phases
    peers: Mapping[str, SpecReason]
    batches: Sequence[int]
    repeats: int

    def run(self, samples: Sequence[Sample], pictures: Pictures) -> Iterator[TimingRecord]:
        """Every sample's times, block after block; a block is cut so that every batch in it is full."""
        steps = self._steps(pictures)
        size = math.lcm(*self.batches)
        for number, start in enumerate(range(0, len(samples), size)):
            block = samples[start : start + size]
            times: dict[str, list[Timed]] = {sample.sample_id: [] for sample in block}
            cut: dict[str, int] = {}
            for repeat in range(self.repeats):
                for step in steps if (number + repeat) % 2 == 0 else reversed(steps):
                    for record in step.run(block):
                        times[record.sample_id].append(_timed(step, record, repeat))
                        cut[record.sample_id] = max(cut.get(record.sample_id, 0), record.batch_cut_to)
            for name, measured in times.items():
                yield TimingRecord(sample_id=name, times=tuple(measured), batch_cut_to=cut[name])

    def warm_up(self, sample: Sample, pictures: Pictures) -> None:
        """Every step once, untimed: first calls compile, allocate and page in."""
        for step in self._steps(pictures):
            for _ in step.run([sample]):
                pass

    def _steps(self, pictures: Pictures) -> list[TimedStep]:
        def screened(batch: Sequence[Sample]) -> list[ScreenRecord]:
            return self.phases.screen(batch, pictures)

        def drafted(batch: Sequence[Sample]) -> list[DraftRecord]:
            return self.phases.draft(batch, pictures)

        def answered(samples: Sequence[Sample]) -> Iterator[AgentRecord]:
            return (self.phases.fall_back(sample, pictures) for sample in samples)

        def proposed(peer: SpecReason) -> Callable[[Sequence[Sample]], Iterator[AgentRecord]]:
            return lambda samples: (peer.answer(sample, pictures) for sample in samples)

        return [
            *(TimedStep("screen", in_batches(BatchSize(size), screened), size) for size in self.batches),
            *(TimedStep("draft", in_batches(BatchSize(size), drafted), size) for size in self.batches),
            TimedStep("agent", answered),
            *(TimedStep("specreason", proposed(peer), variant=variant) for variant, peer in self.peers.items()),
        ]


def _timed(step: TimedStep, record: StepRecord, repeat: int) -> Timed:
    return Timed(
        step=step.step,
        variant=step.variant,
        batch=step.batch,
        repeat=repeat,
        latency_s=record.latency_s,
        status=record.status,
        answer=record.answer if isinstance(record, AgentRecord) else record.text,
    )


def timing_steps(here: ModelPass) -> Work[TimingRecord]:
    """The work of a job that times every step: models opened, and every step warmed up on its first sample.

    Args:
        here: a job as :func:`speceyes.method.phases.phases_of` takes it, with the settings ``specreason``, ``repeats``
            and, for each variant of SpecReason, ``agent VARIANT``.
    """
    settings = here.job.settings
    draft, model = here.engine("draft"), here.engine("model")
    phases = phases_of(here, draft, model)
    peer_settings = SpecReasonSettings.model_validate(settings["specreason"])
    peers = {
        variant: VARIANTS[cast(Variant, variant)](draft, model, here.agent(f"agent {variant}"), peer_settings)
        for variant in {variant for portion in here.job.portions for variant in portion.variants}
    }

    def run(samples: Sequence[Sample], portion: Portion) -> Iterator[TimingRecord]:
        own = {name: peers[name] for name in portion.variants}
        clock = Clock(phases, own, portion.batches, settings["repeats"])
        return clock.run(samples, Pictures(portion.images))

    first, portion = here.first()
    Clock(phases, peers, portion.batches, settings["repeats"]).warm_up(first, Pictures(portion.images))
    return run
