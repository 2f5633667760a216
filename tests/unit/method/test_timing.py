"""The clock: every step on the same samples, block by block, forwards and backwards in turns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scripted import SECONDS, said, sample, store_picture, sure
from speceyes.agents.deepeyes import DeepEyes
from speceyes.engines.base import Generation, Request
from speceyes.images import Pictures
from speceyes.method.draft import Drafter, DraftSettings
from speceyes.method.phases import Phases
from speceyes.method.specreason import VARIANTS, SpecReasonSettings
from speceyes.method.timing import Clock
from speceyes.prompts import PromptFile
from speceyes.records.tables import write_table
from speceyes.records.times import Times, timings
from speceyes.records.types import TimingRecord

PROMPTS = {
    "question": "Q: {question}\n",
    "question_with_options": "Q: {question} {options}",
    "roles": {name: {"user": f"{name}?"} for name in ("answer", "screening", "agent", "verify")},
}
STEPS = ["screen 1", "screen 2", "draft 1", "draft 2", "agent 0", "specreason 0"]


class Model:
    """Answers each kind of request in a way of its own, and notes in which batches it was asked for what."""

    def __init__(self, asked: list[str]) -> None:
        self.asked = asked

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        texts = [str(request.messages[-1].parts[-1]) for request in requests]
        kinds = ["answer", "screening", "verify", "agent"]
        (kind,) = {next(kind for kind in kinds if f"{kind}?" in text) for text in texts}
        self.asked.append(f"{kind} {len(requests)}")
        if kind == "answer":
            return [sure("B", 5.0)] * len(requests)
        line = {"screening": "No.", "verify": "9", "agent": "<answer>B. blue</answer>"}[kind]
        return [said(line)] * len(requests)


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def clock(tmp_path: Path, asked: list[str]) -> Clock:
    (tmp_path / "deepeyes.yaml").write_text(PromptFile.model_validate(PROMPTS).model_dump_json())
    store_picture(tmp_path / "images")
    model = Model(asked)
    agent = DeepEyes(tmp_path / "deepeyes.yaml", {}, tmp_path / "media")
    drafter = Drafter(model, PromptFile.model_validate(PROMPTS), DraftSettings(top_k=8))
    return Clock(
        phases=Phases(screening_engine=model, agent_engine=model, agent=agent, drafter=drafter),
        peers={"published": VARIANTS["published"](model, model, agent, SpecReasonSettings())},
        batches=(1, 2),
        repeats=2,
    )


def test_every_sample_has_every_step_at_every_batch_size_as_often_as_it_is_repeated(clock, tmp_path):
    records = list(clock.run([sample(number) for number in range(5)], Pictures(tmp_path / "images")))
    assert [record.sample_id[-1] for record in records] == list("01234")
    for record in records:
        measured = sorted((f"{timed.step} {timed.batch}", timed.repeat) for timed in record.times)
        assert measured == sorted((step, repeat) for step in STEPS for repeat in (0, 1))
    answers = {(timed.step, timed.answer) for record in records for timed in record.times}
    assert answers == {("screen", "No."), ("draft", "B"), ("agent", "B. blue"), ("specreason", "B. blue")}


def test_steps_follow_each_other_on_a_block_and_turn_round_with_each_repeat_and_block(clock, tmp_path, asked):
    list(clock.run([sample(number) for number in range(4)], Pictures(tmp_path / "images")))
    forwards = [
        *(["screening 1"] * 2), "screening 2", *(["answer 1"] * 2), "answer 2", *(["agent 1"] * 2),
        *(["agent 1", "verify 1"] * 2),
    ]  # fmt: skip
    backwards = [
        *(["agent 1", "verify 1"] * 2), *(["agent 1"] * 2), "answer 2", *(["answer 1"] * 2), "screening 2",
        *(["screening 1"] * 2),
    ]  # fmt: skip
    assert asked == [*forwards, *backwards, *backwards, *forwards]


def test_a_warm_up_asks_for_every_step_once(clock, tmp_path, asked):
    clock.warm_up(sample(), Pictures(tmp_path / "images"))
    assert {words.split()[0] for words in asked} == {"screening", "answer", "agent", "verify"}


def test_times_are_means_over_repeats_and_samples_that_were_not_timed_have_none(clock, tmp_path):
    records = list(clock.run([sample(number) for number in range(3)], Pictures(tmp_path / "images")))
    slower = [
        timed.model_copy(update={"latency_s": 3 * SECONDS}) if timed.repeat and timed.step == "agent" else timed
        for timed in records[0].times
    ]
    records[0] = records[0].model_copy(update={"times": tuple(slower)})
    table = tmp_path / "table.parquet"
    write_table(table, TimingRecord, records, {})
    seconds = Times([table]).of([sample(2).sample_id, sample(7).sample_id, sample(0).sample_id], "agent")
    assert seconds[[0, 2]].tolist() == [SECONDS, 2 * SECONDS]
    assert np.isnan(seconds[1])
    assert np.isnan(Times([table]).of([sample(0).sample_id], "draft", batch=3)).all()
    assert len(timings([table])) == 3 * 2 * len(STEPS)
