"""Which prompts of a batch are computed together, so that short ones are not padded to the longest.

On a CPU a padded token costs what a real one does, in every layer and, as keys and values, at every step. On a GPU a
step costs about the same for few rows as for many: there a batch stays whole.
"""

from __future__ import annotations

from collections.abc import Sequence

BATCH_COSTS = 2000  # padded tokens: what the steps of a further batch cost beside their rows, in the miniature's shapes


def of_like_length(lengths: Sequence[int]) -> list[list[int]]:
    """Places of prompts by batch, each batch's in order, those of the shortest prompts first.

    Args:
        lengths: tokens of each prompt.
    """
    return [sorted(places) for places in _parted(sorted(range(len(lengths)), key=lengths.__getitem__), lengths)]


def _parted(places: list[int], lengths: Sequence[int]) -> list[list[int]]:
    """Places, shortest first, cut where most padding is saved, and again, as long as it is worth a batch."""
    longest = lengths[places[-1]]
    saved = {cut: cut * (longest - lengths[places[cut - 1]]) for cut in range(1, len(places))}
    best = max(saved, key=saved.__getitem__, default=0)
    if not best or saved[best] <= BATCH_COSTS:
        return [places]
    return _parted(places[:best], lengths) + _parted(places[best:], lengths)
