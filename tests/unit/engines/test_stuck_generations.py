"""A text that repeats one token up to its limit is told from every other text, and counted in records."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import ScriptedEngine, sample
from speceyes.agents.base import Ending, Step
from speceyes.agents.recall import RecallingEngine
from speceyes.agents.run import Episode, episode_record
from speceyes.engines.base import LONG_RUN, Generation, Message, Request, StopReason
from speceyes.method.draft import draft_record
from speceyes.method.screening import screen_record


def generated(ids: list[int], stop_reason: StopReason = "length") -> Generation:
    return Generation("", tuple(ids), tuple(map(str, ids)), 9, stop_reason, 0.5, np.zeros((len(ids), 4), np.float32))


@pytest.mark.parametrize(
    ("ids", "stuck"),
    [
        ([0] * 10, True),  # a score's ten tokens
        ([5, 6, 7, *[0] * LONG_RUN], True),
        ([5, 6, 7, *[0] * (LONG_RUN - 1)], False),
        ([1, 2] * 20, False),
        ([0] * 20 + [1], False),
        ([0] * 3, False),  # three dots
        ([], False),
    ],
)
def test_a_long_run_up_to_the_limit_is_stuck(ids, stuck):
    assert generated(ids).stuck is stuck


@given(st.lists(st.integers(0, 3), max_size=40), st.sampled_from(["end_of_text", "stop_string"]))
def test_a_text_that_ends_by_itself_is_never_stuck(ids, stop_reason):
    assert not generated(ids, stop_reason).stuck


def test_a_server_that_gives_no_ids_is_judged_by_its_pieces():
    assert replace(generated([0] * 12), token_ids=()).stuck


def test_every_record_counts_them():
    broken, sound = generated([0] * 20), generated([1, 2, 3])
    assert [screen_record(sample(), one).stuck_generations for one in (broken, sound)] == [1, 0]
    assert [draft_record(sample(), one).stuck_generations for one in (broken, sound)] == [1, 0]
    episode = episode_record("s", [Step(broken), Step(sound), Step(broken)], Ending("no_answer", ""))
    assert (episode.stuck_generations, [turn.stuck for turn in episode.turns]) == (2, [True, False, True])


@pytest.mark.parametrize("generation", [generated([0] * 20), generated(list(range(20)))], ids=["stuck", "cut"])
def test_a_recalled_generation_is_stuck_as_the_first_was(generation):
    request = Request((Message("user", ("Q",)),), 20)

    def loop():
        yield request
        return Ending("ok", "")

    episode = Episode("s", loop())
    episode.take(Step(generation))
    (recalled,) = RecallingEngine(ScriptedEngine(), [episode.record()]).generate([request])
    assert recalled.stuck is generation.stuck
    assert len(recalled.token_ids) == 20
