"""Families that transformers loads for images and text, through their own processors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from noise_pictures import noise
from PIL import Image
from speceyes.engines.base import EngineError, Message, Request
from speceyes.engines.in_process import TransformersSettings
from speceyes.engines.transformers_engine import TransformersEngine
from speceyes.images import ImageSettings
from tiny_families import FAMILIES
from transformers import AutoModelForImageTextToText

SETTINGS = TransformersSettings(
    dtype="float32", device="cpu", image=ImageSettings(factor=28, min_pixels=28 * 28, max_pixels=16 * 28 * 28)
)


@pytest.fixture(scope="module", params=FAMILIES)
def folder(request, tmp_path_factory) -> Path:
    made: Path = tmp_path_factory.mktemp(request.param)
    torch.manual_seed(0)
    FAMILIES[request.param](made)
    return made


@pytest.fixture(scope="module")
def engine(folder) -> TransformersEngine:
    return TransformersEngine(folder, SETTINGS)


def asked(*parts: str | Image.Image, **how) -> Request:
    return Request((Message("system", ("Be brief.",)), Message("user", parts)), 6, **how)


def dialogue() -> Request:
    """Two turns with a picture each, and a third picture in the assistant's own turn, which is continued."""
    first = asked(noise(90, 60), "What is that?").messages
    rest = (
        Message("assistant", ("Red. <code>x</code>",)),
        Message("user", (noise(40, 80), "And that?")),
        Message("assistant", ("Blue", noise(50, 50), "so")),
    )
    return Request((*first, *rest), 6, top_k=4)


def test_requests_of_a_batch_are_answered_as_alone(engine):
    requests = [
        asked(noise(90, 60), "What is that?", top_k=5),
        asked(noise(200, 30), noise(30, 30), "Which?", top_k=5),
        asked("Without a picture?", top_k=5),
        dialogue(),
    ]
    together = engine.generate(requests)
    for request, one in zip(requests, together, strict=True):
        (alone,) = engine.generate([request])
        assert (alone.token_ids, alone.prompt_tokens) == (one.token_ids, one.prompt_tokens)
        np.testing.assert_allclose(one.top_logprobs, alone.top_logprobs, atol=1e-4)
        assert (one.top_logprobs[:, :-1] >= one.top_logprobs[:, 1:]).all()


def test_another_picture_gives_other_log_probabilities(engine):
    one, other = engine.generate([asked(picture, "What?", top_k=3) for picture in (noise(60, 60), noise(60, 56))])
    assert not np.allclose(one.top_logprobs[0], other.top_logprobs[0], atol=1e-6)


def test_log_probabilities_are_those_of_the_stock_classes(engine, folder):
    request = asked(noise(90, 60), "What is that?", top_k=5)
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    with torch.inference_mode():
        logits = model(**engine.codec.encode([request])).logits[0, -1]
    (generation,) = engine.generate([request])
    expected = logits.log_softmax(dim=-1).topk(5).values.numpy()
    np.testing.assert_allclose(generation.top_logprobs[0], expected, atol=1e-4)


def test_every_turn_and_picture_is_in_the_prompt(engine):
    prompt = engine.codec.render(dialogue())
    for text in ("Be brief.", "What is that?", "Red. <code>x</code>", "And that?"):
        assert text in prompt
    assert prompt.endswith("so")
    assert prompt.count(engine.codec._placeholder) == 3


def test_text_fakes_no_picture(engine):
    placeholder = engine.codec._placeholder
    assert engine.generate([asked(noise(60, 60), f"{placeholder}What?{placeholder}")])


def broken(folder: Path, copy: Path, template: str) -> Path:
    """A copy of a model with another chat template."""
    made = shutil.copytree(folder, copy)
    (made / "chat_template.jinja").write_text(template)
    return made


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("", "no chat template; put its chat_template.jinja beside config.json"),
        ("{% for m in messages %}{% for part in m.content %}{{ part.text }}{% endfor %}{% endfor %}", "a picture"),
        ("{{ messages[-1].content[0].type }}{{ messages[-1].content[-1].text }}", "the turn of the system"),
        ("{{ raise_exception('Only user\\nand assistant roles are supported!') }}", "Only user and assistant roles"),
    ],
)
def test_what_a_family_lacks_is_one_line_before_weights_are_loaded(folder, tmp_path, template, message):
    made = broken(folder, tmp_path / "model", template)
    (made / "model.safetensors").unlink()
    with pytest.raises(EngineError) as caught:
        TransformersEngine(made, SETTINGS)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{made}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("family", ["bert", "llama", "whisper", "clip", "my_own", ""])
def test_a_model_that_is_not_for_images_and_text_is_one_line(tmp_path, family):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": family}))
    with pytest.raises(EngineError, match=f"transformers loads no model of type '{family}' for images and text"):
        TransformersEngine(tmp_path, SETTINGS)
