"""At most so many of a split's questions, for a study in small."""

from __future__ import annotations

from collections.abc import Sequence

from speceyes.records.samples import Sample
from speceyes.runtime.provenance import digest


def some_questions(samples: Sequence[Sample], limit: int, seed: int) -> list[Sample]:
    """At most ``limit`` questions, in their order: image after image as a seed draws them, of the last its first ones.

    What a smaller limit keeps, a larger one keeps too.
    """
    places: dict[str, list[int]] = {}
    for place, sample in enumerate(samples):
        places.setdefault(sample.image_id, []).append(place)
    drawn = [place for image in sorted(places, key=lambda image: digest(seed, image)) for place in places[image]]
    return [samples[place] for place in sorted(drawn[:limit])]
