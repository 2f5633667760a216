"""Answers per second under load, and how often their intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from speceyes.analysis.serving import answers_per_second, block_count, gain

LEVEL = 0.95
SAMPLES = 400


def run(answers: list[float], latencies: list[float] | float, repeat: int = 0) -> pd.DataFrame:
    return pd.DataFrame({"answer_s": answers, "latency_s": latencies}).assign(repeat=repeat)


def closed_loop(turns: np.ndarray, askers: int, turn_s: float, draw: np.random.Generator) -> pd.DataFrame:
    """Questions of so many turns each, put by so many askers to a server that answers whatever waits as one batch.

    A batch takes longer the larger it is, but less than its requests would one by one, and varies by a fifth.
    """
    left, waiting, asked_at = turns.astype(int).tolist(), [], {}
    coming = iter(range(len(turns)))
    for question in [next(coming, None) for _ in range(askers)]:
        if question is not None:
            waiting.append(question)
            asked_at[question] = 0.0
    clock, answers, latencies = 0.0, [], []
    while waiting:
        batch, waiting = waiting, []
        clock += turn_s * (1 + 0.3 * len(batch)) * draw.gamma(25, 1 / 25)
        for question in batch:
            left[question] -= 1
            if left[question]:
                waiting.append(question)
                continue
            answers.append(clock)
            latencies.append(clock - asked_at[question])
            following = next(coming, None)
            if following is not None:
                waiting.append(following)
                asked_at[following] = clock
    return run(answers, latencies)


def two_runs(questions: int, askers: int, draw: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The agent, and a funnel that spares it half of the questions for a short turn each."""
    turns = draw.integers(1, 5, questions)
    spared = draw.random(questions) < 0.5
    return closed_loop(turns, askers, 1.0, draw), closed_loop(np.where(spared, 1, turns + 1), askers, 1.0, draw)


@pytest.mark.parametrize(("questions", "askers"), [(24, 1), (24, 3), (24, 6), (64, 16), (192, 16), (192, 64)])
def test_the_interval_of_a_gain_holds_the_true_one_at_least_as_often_as_it_says(questions, askers):
    draw = np.random.default_rng([questions, askers])
    pairs = [two_runs(questions, askers, draw) for _ in range(SAMPLES)]
    alone, funnel = (np.mean([part["answer_s"].max() for part in parts]) for parts in zip(*pairs, strict=True))
    found = [gain(funnel_run, agent_run, LEVEL) for agent_run, funnel_run in pairs]
    covered = np.mean([one.low <= alone / funnel <= one.high for one in found])
    assert covered >= LEVEL - 2 * np.sqrt(LEVEL * (1 - LEVEL) / SAMPLES)


@pytest.mark.parametrize(("questions", "askers"), [(24, 1), (24, 3), (24, 6), (192, 16)])
def test_the_interval_of_a_rate_holds_the_true_one_at_least_as_often_as_it_says(questions, askers):
    draw = np.random.default_rng([questions, askers, 1])
    runs = [closed_loop(draw.integers(1, 5, questions), askers, 1.0, draw) for _ in range(SAMPLES)]
    true = questions / np.mean([one["answer_s"].max() for one in runs])
    found = [answers_per_second(one, LEVEL) for one in runs]
    covered = np.mean([one.low <= true <= one.high for one in found])
    assert covered >= LEVEL - 2 * np.sqrt(LEVEL * (1 - LEVEL) / SAMPLES)


def test_the_estimate_is_answers_over_seconds_of_all_runs():
    runs = pd.concat([run([1.0, 2.0, 4.0], 1.0), run([1.0, 3.0, 6.0], 1.0, repeat=1)])
    assert answers_per_second(runs, LEVEL).estimate == 6 / 10
    assert gain(run([1.0, 2.0], 1.0), run([2.0, 4.0], 2.0), LEVEL).estimate == 2


def test_blocks_are_as_long_as_the_questions_that_were_under_way():
    assert block_count(run([1.0, 2.0, 3.0, 4.0], 1.0)) == 4
    assert block_count(run([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 2.0, 2.0])) == 2
    assert block_count(run([4.0] * 4, 4.0)) == 1


def test_a_run_of_one_block_has_a_rate_without_an_interval():
    found = answers_per_second(run([4.0] * 4, 4.0), LEVEL)
    assert found.estimate == 1
    assert np.isnan([found.low, found.high]).all()


def test_repeating_a_run_bit_for_bit_does_not_narrow_its_interval():
    answers = [1.0, 1.5, 3.0, 4.5, 5.0]
    once = run(answers, 0.9)
    twice = pd.concat([once, run(answers, 0.9, repeat=1)])
    assert answers_per_second(twice, LEVEL) == answers_per_second(once, LEVEL)


def test_a_system_gains_nothing_over_itself():
    found = gain(run([1.0, 3.0], 0.9), run([1.0, 3.0], 0.9), LEVEL)
    assert found.estimate == 1
    assert np.isnan([found.low, found.high]).all()
