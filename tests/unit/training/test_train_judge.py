"""The miniature judge's cases and its training."""

import itertools
import random
import re
from pathlib import Path

import pytest
import torch
from speceyes.judging.prompts import load_judge_prompts
from speceyes.miniature.scenes import COLORS, SIDES
from speceyes.training.judge_data import draw_case
from speceyes.training.loop import Schedule, fit
from speceyes.training.tokenizer import build_tokenizer
from speceyes.training.train_judge import Conversations, JudgeLoss, Matches, judge_model, train_judge
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = Path(__file__).parents[3] / "resources/miniature/prompts"


def cases(count: int, *, held_out: bool, level="answers", seed=0):
    rng = random.Random(seed)
    return [draw_case(rng, level, held_out=held_out) for _ in range(count)]


@pytest.fixture(scope="module")
def tokenizer_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    build_tokenizer(PROMPTS, folder)
    return folder


@pytest.fixture(scope="module")
def conversations(tokenizer_folder) -> Conversations:
    return Conversations(AutoTokenizer.from_pretrained(tokenizer_folder), load_judge_prompts(PROMPTS / "judge.yaml"))


def test_noise_is_never_right():
    noise = [case for case in cases(1000, held_out=False, level="noise") if "<" in case.answer or not case.answer]
    assert len(noise) > 250
    assert not any(case.right for case in noise)


def test_nothing_that_is_measured_was_trained_on():
    assert set(cases(2000, held_out=True)).isdisjoint(cases(4000, held_out=False))


def test_cases_come_from_the_seed():
    assert cases(50, held_out=False) == cases(50, held_out=False)
    assert cases(50, held_out=False) != cases(50, held_out=False, seed=1)


def test_right_and_wrong_are_about_as_many_on_every_benchmark():
    for benchmark in ("vstar", "hrbench", "pope"):
        right = [case.right for case in cases(3000, held_out=False) if case.benchmark == benchmark]
        assert 0.35 < sum(right) / len(right) < 0.6


def said(text: str) -> tuple[set[str], set[str]]:
    """Words and letters that a text says, found without knowing its form."""
    words = set(re.findall(rf"\b({'|'.join((*COLORS, *SIDES))})\b", text.lower()))
    return words, set(re.findall(r"\b[A-D]\b", text))


@pytest.mark.parametrize("level", ["bare", "answers", "noise"])
def test_a_choice_is_right_exactly_when_all_that_it_shares_with_the_gold_is_equal(level):
    for case in cases(3000, held_out=False, level=level):
        if case.benchmark == "pope" or "<" in case.answer:
            continue
        shared = [(gold, told) for gold, told in zip(said(case.gold), said(case.answer), strict=True) if gold and told]
        assert case.right == (bool(shared) and all(gold == told for gold, told in shared)), case


def test_the_matching_heads_are_told_of_equal_tokens(conversations):
    matches = Matches(conversations)
    tokenizer = conversations.tokenizer
    drawn = cases(300, held_out=False)
    batch = conversations.with_replies(drawn)
    equal = 0
    for row, case in enumerate(drawn):
        ids = batch.input_ids[row].tolist()
        for query, key in matches.of(case, ids, batch.offset_mapping[row].tolist()):
            asked, found = (tokenizer.decode(ids[i]).strip() for i in (query, key))
            assert key < query
            assert found in (asked, ":")
            assert (found == ":") == (asked not in re.findall(r"\w+", case.gold))
            equal += found == asked
    assert equal > 100


class InterruptedTrainingError(Exception):
    pass


def test_an_interrupted_training_ends_where_an_undisturbed_one_does(conversations, tmp_path, monkeypatch):
    clock = itertools.count(step=61)  # seconds; a checkpoint is written once a minute
    monkeypatch.setattr("speceyes.training.loop.time.monotonic", lambda: next(clock))

    def train(checkpoint: Path, stop_at: int | None = None) -> dict[str, torch.Tensor]:
        model = judge_model(conversations.tokenizer, seed=1)
        loss = JudgeLoss(model, conversations, seed=1, steps=4)

        def loss_at(step):
            if step == stop_at:
                raise InterruptedTrainingError
            return loss(step)

        fit("judge", {"model": model}, loss_at, Schedule(4, 1e-3), checkpoint)
        return model.state_dict()

    undisturbed = train(tmp_path / "a.pt")
    with pytest.raises(InterruptedTrainingError):
        train(tmp_path / "b.pt", stop_at=2)
    resumed = train(tmp_path / "b.pt")
    assert all(torch.equal(undisturbed[name], resumed[name]) for name in undisturbed)


def test_the_saved_folder_is_loaded_by_the_stock_class(tokenizer_folder, tmp_path):
    train_judge(
        tokenizer_folder, PROMPTS / "judge.yaml", tmp_path / "judge.pt", tmp_path / "judge", steps=2, seed=1, cases=4
    )
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "judge")
    assert type(model).__name__ == "Qwen2ForCausalLM"
    assert model.dtype == torch.bfloat16
    assert (
        AutoTokenizer.from_pretrained(tmp_path / "judge").apply_chat_template(
            [{"role": "user", "content": "Same?"}], tokenize=False, add_generation_prompt=True
        )
        == "<|im_start|>user\nSame?<|im_end|>\n<|im_start|>assistant\n"
    )
