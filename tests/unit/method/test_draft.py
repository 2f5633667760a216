import json

import numpy as np
import pytest
from PIL import Image
from speceyes.engines.base import Generation, Message
from speceyes.engines.in_process import TransformersSettings
from speceyes.engines.transformers_engine import TransformersEngine
from speceyes.images import ImageSettings, Pictures
from speceyes.method.confidence import confidence
from speceyes.method.draft import Drafter, DraftSettings
from speceyes.prompts import PromptError, PromptFile
from speceyes.records.batches import BatchSize, in_batches
from speceyes.records.samples import Sample, write_samples
from speceyes.records.selection import Shard
from speceyes.records.stage import Stage
from speceyes.records.tables import read_table, write_table
from speceyes.records.types import DraftRecord

PROMPTS = PromptFile.model_validate(
    {
        "question": "Q {question}\n",
        "question_with_options": "Q {question}\nOptions: {options}",
        "roles": {"answer": {"system": "Look.", "user": "Answer:"}},
    }
)


def sample(number: int, image: str = "red.png") -> Sample:
    return Sample(
        sample_id=f"b/s/{number}",
        benchmark="b",
        split="s",
        question="the star?",
        options=("red", "blue"),
        gold="red",
        gold_letter="A",
        category="",
        image=image,
        image_id="0",
        width=64,
        height=64,
    )


@pytest.fixture
def images(tmp_path):
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG no more")
    return tmp_path


class Scripted:
    """An engine that says what the test wants."""

    def __init__(self, *generations: Generation) -> None:
        self.generations = list(generations)
        self.batches = []

    def generate(self, requests):
        self.batches.append(list(requests))
        return [self.generations.pop(0) for _ in requests]


def said(*tokens: str, top_logprobs=None) -> Generation:
    if top_logprobs is None:
        top_logprobs = -np.sort(np.random.default_rng(0).random((len(tokens), 4)).astype(np.float32), axis=1)
    return Generation("".join(tokens), tuple(range(len(tokens))), tokens, 9, "end_of_text", 0.5, top_logprobs)


def test_the_question_is_put_as_the_prompt_file_says():
    image = Image.new("RGB", (8, 8))
    request = Drafter(Scripted(), PROMPTS, DraftSettings(max_new_tokens=7, top_k=9)).request(sample(1), image)
    assert request.messages == (
        Message("system", ("Look.",)),
        Message("user", (image, "Q the star?\nOptions: \nA. red\nB. blue\nAnswer:")),
    )
    assert (request.max_new_tokens, request.top_k, request.stop) == (7, 9, ())
    bare = PROMPTS.model_copy(update={"roles": {"answer": PROMPTS.roles["answer"].model_copy(update={"system": ""})}})
    messages = Drafter(Scripted(), bare, DraftSettings()).request(sample(1), image).messages
    assert [message.role for message in messages] == ["user"]


def test_a_prompt_file_without_the_role_is_named():
    with pytest.raises(PromptError, match="no role 'answer', only"):
        Drafter(Scripted(), PROMPTS.model_copy(update={"roles": {}}), DraftSettings())


def test_the_answer_of_a_thinking_draft_follows_its_thoughts(images):
    [record] = Drafter(Scripted(said("It is", "</think>", "\n\nA.")), PROMPTS, DraftSettings()).answer(
        [sample(1)], Pictures(images)
    )
    assert record.text == "A."
    assert record.tokens == ("It is", "</think>", "\n\nA.")
    assert len(record.top_logprobs) == 3


@pytest.mark.parametrize(
    "text, answer",
    [
        ("<answer>A. red</answer>", "A. red"),
        ("It is <answer> A </answer>.", "A"),
        ("so</think>\n<answer>A</answer>", "A"),
        ("<answer>B</answer></think>A", "A"),
        ("<answer>A", "<answer>A"),
        ("A</answer>", "A</answer>"),
    ],
)
def test_answer_tags_are_taken_off(images, text, answer):
    [record] = Drafter(Scripted(said(text)), PROMPTS, DraftSettings()).answer([sample(1)], Pictures(images))
    assert (record.text, record.tokens, record.status) == (answer, (text,), "ok")


@pytest.mark.parametrize(
    "text, thinking, status",
    [
        ("<think>It may be", False, "no_answer"),
        ("\n<think>It may be <answer>A</answer>", False, "no_answer"),
        ("It may be", True, "no_answer"),
        ("It may be", False, "ok"),
        ("It is</think>A", True, "ok"),
    ],
)
def test_a_thinking_draft_that_is_cut_has_no_answer(images, text, thinking, status):
    [record] = Drafter(Scripted(said(text)), PROMPTS, DraftSettings(thinking=thinking)).answer(
        [sample(1)], Pictures(images)
    )
    assert (record.status, record.generated_tokens, record.latency_s) == (status, 1, 0.5)
    if status == "no_answer":
        assert (record.text, record.tokens, record.top_logprobs) == ("", (), ())


def test_records_of_a_batch_with_an_empty_answer_a_broken_image_and_bad_numbers(images):
    nan = np.full((1, 4), np.nan, dtype=np.float32)
    engine = Scripted(said("A", "."), said(), said("x", top_logprobs=nan), said("B"))
    samples = [sample(1), sample(2), sample(3, "broken.png"), sample(4), sample(5)]
    records = Drafter(engine, PROMPTS, DraftSettings()).answer(samples, Pictures(images))
    assert [len(batch) for batch in engine.batches] == [4]
    assert [record.sample_id for record in records] == [s.sample_id for s in samples]
    assert [record.status for record in records] == ["ok", "empty", "error", "error", "ok"]
    assert [record.text for record in records] == ["A.", "", "", "", "B"]
    assert [record.generated_tokens for record in records] == [2, 0, 0, 0, 1]
    assert "broken.png" in records[2].error
    assert "not finite" in records[3].error
    assert [confidence(record.top_logprobs, "min", 4) for record in records[1:4]] == [0.0, 0.0, 0.0]


def test_stored_log_probabilities_are_the_same_float32s(images, tmp_path):
    values = -np.sort(np.random.default_rng(1).gamma(2, size=(3, 64)).astype(np.float32), axis=1)
    [record] = Drafter(Scripted(said("a", "b", "c", top_logprobs=values)), PROMPTS, DraftSettings()).answer(
        [sample(1)], Pictures(images)
    )
    assert len(record.model_dump_json()) < 3 * 64 * 13 + 300
    assert (np.array(json.loads(record.model_dump_json())["top_logprobs"], dtype=np.float32) == values).all()
    write_table(tmp_path / "t.parquet", DraftRecord, [record], {})
    [back] = read_table(tmp_path / "t.parquet", DraftRecord)
    assert (np.array(back.top_logprobs, dtype=np.float32) == values).all()
    assert confidence(back.top_logprobs, "mean", 64) == confidence(values, "mean", 64)


def unlike(number: int) -> Sample:
    """A sample that no other's record stands for, though the model is asked the same."""
    return sample(number).model_copy(update={"category": str(number)})


def test_a_killed_pass_goes_on_where_it_stopped_with_a_real_model(images, tmp_path, tiny_qwen3_vl):
    image = ImageSettings(factor=32, max_pixels=64 * 64)
    engine = TransformersEngine(tiny_qwen3_vl, TransformersSettings(dtype="float32", device="cpu", image=image))
    drafter = Drafter(engine, PROMPTS, DraftSettings(max_new_tokens=5, top_k=16))
    write_samples(tmp_path / "samples.parquet", [unlike(number) for number in range(5)])
    stage = Stage("draft", tmp_path / "samples.parquet", tmp_path / "t.parquet", tmp_path / "j", Shard(0, 1), {}, {})
    asked = []

    def work(batch):
        asked.extend(s.sample_id for s in batch)
        if len(asked) > 4:
            raise KeyboardInterrupt
        return drafter.answer(batch, Pictures(images))

    with pytest.raises(KeyboardInterrupt):
        stage.run(DraftRecord, in_batches(BatchSize(2), work))
    asked.clear()
    stage.run(DraftRecord, in_batches(BatchSize(2), work))
    assert asked == ["b/s/4"]
    records = list(read_table(stage.table, DraftRecord))
    assert len(records) == 5
    assert len({record.text for record in records}) == 1
    assert np.array(records[0].top_logprobs).shape == (5, 16)
