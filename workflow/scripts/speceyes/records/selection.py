"""Which of a split's samples are worked on: a shard, the samples of some images, or at most so many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from speceyes.records.samples import Sample
from speceyes.runtime.provenance import digest


class Selection(Protocol):
    """Which of a split's samples a job works on."""

    def of(self, samples: Sequence[Sample]) -> Sequence[Sample]: ...


@dataclass(frozen=True, slots=True)
class Shard:
    """Every n-th sample, starting with the k-th: ``"2-of-4"``."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        index, _, count = text.partition("-of-")
        return cls(int(index) - 1, int(count))

    def of(self, samples: Sequence[Sample]) -> Sequence[Sample]:
        return samples[self.index :: self.count]

    def __str__(self) -> str:
        return f"{self.index + 1}-of-{self.count}"


@dataclass(frozen=True, slots=True)
class SomeImages:
    """All samples of so many images, drawn by a seed; of more images, those of fewer are a part; None takes all."""

    images: int | None
    seed: int

    def of(self, samples: Sequence[Sample]) -> Sequence[Sample]:
        drawn = sorted({sample.image_id for sample in samples}, key=lambda image: digest(self.seed, image))
        chosen = set(drawn[: self.images])
        return [sample for sample in samples if sample.image_id in chosen]

    def __str__(self) -> str:
        return "all images" if self.images is None else f"{self.images} images"


def some_questions(samples: Sequence[Sample], limit: int, seed: int) -> list[Sample]:
    """At most ``limit`` questions, in their order: image after image as a seed draws them, of the last its first ones.

    What a smaller limit keeps, a larger one keeps too.
    """
    places: dict[str, list[int]] = {}
    for place, sample in enumerate(samples):
        places.setdefault(sample.image_id, []).append(place)
    drawn = [place for image in sorted(places, key=lambda image: digest(seed, image)) for place in places[image]]
    return [samples[place] for place in sorted(drawn[:limit])]
