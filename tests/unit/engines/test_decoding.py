"""Where rows end, what is kept of their steps, and which go on."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from asked_models import ask, settings, varied_requests
from noise_pictures import noise
from speceyes.engines.decoding import SMALLEST
from speceyes.engines.top_k import TopK
from speceyes.engines.transformers_engine import TransformersEngine


def test_top_k_keeps_only_batch_by_k_per_step():
    top_k = TopK(6)
    for _ in range(3):
        top_k.take(torch.randn(2, 9, 1000, dtype=torch.bfloat16), [0, 1])
    assert [step.untyped_storage().nbytes() for step in top_k.steps] == [2 * 6 * 4] * 3
    assert top_k.of_row(1, tokens=2, k=4).shape == (2, 4)
    assert top_k.of_row(1, tokens=0, k=4).shape == (0, 4)


def test_top_k_larger_than_the_vocabulary_is_refused(engine):
    with pytest.raises(ValueError, match="top_k is 100000, but the model's vocabulary has only"):
        engine.generate([ask(top_k=100_000)])


def test_without_top_k_no_log_probabilities_are_kept(engine):
    assert engine.generate([ask()])[0].top_logprobs is None
    top_k = TopK(0)
    top_k.take(torch.zeros(1, 2, 8), [0])
    assert (top_k.steps, top_k.finite) == ([], True)


def test_each_request_has_its_own_limit_stop_and_top_k(engine):
    free = engine.generate([ask(tokens=20)])[0]
    stop = next(piece for piece in free.tokens[3:] if piece.strip() and "\ufffd" not in piece)
    requests = [ask(tokens=5), ask(tokens=20, stop=(stop,), top_k=3), ask(tokens=20, top_k=2), ask(tokens=1)]
    short, stopped, long, single = engine.generate(requests)
    assert short.token_ids == free.token_ids[:5]
    assert short.stop_reason == single.stop_reason == "length"
    assert len(single.token_ids) == 1
    assert stopped.text == free.text[: free.text.index(stop) + len(stop)]
    assert stopped.stop_reason == "stop_string"
    assert stopped.token_ids == free.token_ids[: len(stopped.token_ids)]
    assert stopped.top_logprobs.shape == (len(stopped.token_ids), 3)
    assert long.token_ids == free.token_ids
    assert long.top_logprobs.shape == (len(long.token_ids), 2)
    assert short.top_logprobs is None


def test_rows_that_have_ended_are_computed_no_further_and_change_no_other(engine, monkeypatch):
    requests = [ask(f"row {row}", noise(60, 40 + row), tokens=3 if row % 3 else 30, top_k=4) for row in range(12)]
    alone = [engine.generate([request])[0] for request in requests]
    computed = []
    watch = engine._model.register_forward_hook(lambda _model, _args, output: computed.append(len(output.logits)))
    together = engine.generate(requests)
    watch.remove()
    assert [one.token_ids for one in together] == [one.token_ids for one in alone]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.top_logprobs, other.top_logprobs, atol=1e-4)
    assert computed == [12] * 3 + [4] * 27


def test_small_batches_keep_their_rows_to_the_end(engine):
    computed = []
    watch = engine._model.register_forward_hook(lambda _model, _args, output: computed.append(len(output.logits)))
    engine.generate([ask(tokens=12), *[ask(tokens=2)] * (SMALLEST - 1)])
    watch.remove()
    assert computed == [SMALLEST] * 12


def test_every_stop_string_inside_the_text_ends_it_there(engine):
    free = engine.generate([ask(tokens=24)])[0]
    for start in range(0, len(free.text) - 3, 2):
        stop = free.text[start : start + 3]
        cut = engine.generate([ask(tokens=24, stop=(stop,))])[0]
        assert cut.text == free.text[: free.text.index(stop) + 3]
        assert cut.stop_reason == "stop_string"


def with_end_tokens(folder, target, ends):
    shutil.copytree(folder, target)
    config = json.loads((target / "generation_config.json").read_text())
    (target / "generation_config.json").write_text(json.dumps(config | {"eos_token_id": ends}))
    return target


def test_end_of_text_is_excluded_and_ends_only_its_row(engine, family, tmp_path):
    requests = varied_requests()
    free = engine.generate(requests)
    end = free[2].token_ids[4]
    ended = TransformersEngine(with_end_tokens(family[0], tmp_path / "m", [end]), settings(family[1]))
    reasons = set()
    for one, other in zip(ended.generate(requests), free, strict=True):
        length = other.token_ids.index(end) if end in other.token_ids else len(other.token_ids)
        assert one.token_ids == other.token_ids[:length]
        assert one.tokens == other.tokens[:length]
        assert one.top_logprobs.shape == (length, 7)
        assert one.stop_reason == ("end_of_text" if end in other.token_ids else "length")
        reasons.add(one.stop_reason)
    assert reasons == {"end_of_text", "length"}


def test_an_empty_answer_is_an_answer(engine, family, tmp_path):
    first = engine.generate([ask(tokens=1)])[0].token_ids[0]
    silent = TransformersEngine(with_end_tokens(family[0], tmp_path / "m", [first]), settings(family[1]))
    empty = silent.generate([ask(top_k=4)])[0]
    assert (empty.text, empty.token_ids, empty.tokens, empty.stop_reason) == ("", (), (), "end_of_text")
    assert empty.top_logprobs.shape == (0, 4)


def test_an_end_of_text_may_be_ignored_by_one_row_of_a_batch(engine, family, tmp_path):
    first = engine.generate([ask(tokens=1)])[0].token_ids[0]
    silent = TransformersEngine(with_end_tokens(family[0], tmp_path / "m", [first]), settings(family[1]))
    through, ended = silent.generate([replace(ask(tokens=10), ignore_end_of_text=True), ask(tokens=10)])
    assert (len(through.token_ids), through.token_ids[0], through.stop_reason) == (10, first, "length")
    assert (ended.token_ids, ended.stop_reason) == ((), "end_of_text")
    assert silent.generate([ask(tokens=10)])[0].token_ids == ()
