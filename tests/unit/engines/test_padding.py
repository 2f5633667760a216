"""Prompts of unlike length are answered in batches of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speceyes.engines.padding import BATCH_COSTS, of_like_length


def padding(lengths: list[int], batches: list[list[int]]) -> int:
    return sum(max(lengths[place] for place in batch) - lengths[other] for batch in batches for other in batch)


@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=60))
def test_every_prompt_is_in_one_batch_and_no_batch_wants_another_cut(lengths):
    batches = of_like_length(lengths)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    assert all(batch == sorted(batch) for batch in batches)
    whole = padding(lengths, [list(range(len(lengths)))])
    assert padding(lengths, batches) <= whole - BATCH_COSTS * (len(batches) - 1)
    assert all(of_like_length([lengths[place] for place in batch]) == [list(range(len(batch)))] for batch in batches)


@pytest.mark.parametrize(
    ("lengths", "batches"),
    [
        ([164] * 48, [list(range(48))]),
        ([514, *[164] * 40, 339], [list(range(1, 41)), [0, 41]]),
        ([164, 339] * 6, [list(range(12))]),  # little padding: one batch
        ([9000, 10], [[1], [0]]),
        ([7], [[0]]),
    ],
)
def test_prompts_that_would_be_padded_much_are_batches_of_their_own(lengths, batches):
    assert of_like_length(lengths) == batches
