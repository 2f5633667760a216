"""A pass over samples: one question each, a batch at a time; a bad image fails its own sample alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PIL import Image

from speceyes.engines.base import Engine, Generation, Request
from speceyes.images import ImageError, Pictures
from speceyes.records.samples import Sample

Outcome = Generation | ImageError


def ask(
    engine: Engine, samples: Sequence[Sample], pictures: Pictures, question: Callable[[Sample, Image.Image], Request]
) -> list[Outcome]:
    """Put ``question`` about every sample to the engine as one batch.

    Returns:
        One outcome per sample, in order: the generation, or why its image could not be read.
    """
    outcomes: list[Outcome | None] = []
    requests: list[Request] = []
    for sample in samples:
        try:
            requests.append(question(sample, pictures.open(sample.image)))
            outcomes.append(None)
        except ImageError as error:
            outcomes.append(error)
    generations = iter(engine.generate(requests))
    return [next(generations) if outcome is None else outcome for outcome in outcomes]
