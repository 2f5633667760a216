"""The funnel itself at the gates that run live, batch after batch, timed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from speceyes.images import Pictures
from speceyes.method.confidence import Metric
from speceyes.method.funnel import Funnel, Gate
from speceyes.method.model_pass import ModelPass, Portion, Work
from speceyes.method.phases import phases_of
from speceyes.records.batches import in_batches
from speceyes.records.passes import Pass
from speceyes.records.samples import Sample
from speceyes.records.types import LiveRecord


def live_funnel(here: ModelPass) -> Work[LiveRecord]:
    """The work of a job whose passes each hold a gate: models opened, and warmed up on its first sample.

    Args:
        here: a job as :func:`speceyes.method.phases.phases_of` takes it.
    """
    phases = phases_of(here, here.engine("draft"), here.engine("model"))

    def funnel(portion: Portion) -> Funnel:
        return Funnel(phases, _gate(portion.holds), Pictures(portion.images))

    def run(samples: Sequence[Sample], portion: Portion) -> Iterator[LiveRecord]:
        return in_batches(here.batch_size(portion), funnel(portion).run)(samples)

    first, portion = here.first()
    funnel(portion).warm_up(first)
    return run


def _gate(held: Pass) -> Gate:
    assert held.top_k is not None  # a live pass has all three
    assert held.threshold is not None
    return Gate(cast(Metric, held.metric), held.top_k, held.threshold)
