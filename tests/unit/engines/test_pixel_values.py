"""A picture is prepared once while it is in use, and what the model gets is what the stock processor gives."""

from __future__ import annotations

import weakref

import pytest
import torch
from noise_pictures import noise
from PIL import Image
from speceyes.engines.base import Message, Request
from speceyes.engines.processors import load_processor
from speceyes.engines.qwen_codec import QwenCodec
from speceyes.images import ImageSettings, fit


@pytest.fixture(params=[("tiny_qwen3_vl", 32), ("tiny_qwen25_vl", 28)], ids=["qwen3", "qwen25"])
def folder_and_image(request):
    name, factor = request.param
    image = ImageSettings(factor=factor, min_pixels=factor**2, max_pixels=16 * factor**2)
    return request.getfixturevalue(name), image


@pytest.fixture
def counted(folder_and_image, monkeypatch):
    """A codec, and the sizes of the pictures that its image processor was given."""
    folder, image = folder_and_image
    codec = QwenCodec(load_processor(folder), image)
    sizes: list[tuple[int, int]] = []
    process = codec._preprocessor._process

    def remembered(images, **options):
        sizes.extend(picture.size for picture in images)
        return process(images=images, **options)

    monkeypatch.setattr(codec._preprocessor, "_process", remembered)
    return codec, sizes


def shown(*pictures: Image.Image) -> Request:
    return Request((Message("user", (*pictures, "the star")),), 4)


def test_a_batch_is_encoded_as_the_stock_processor_does(folder_and_image):
    folder, image = folder_and_image
    codec, stock = QwenCodec(load_processor(folder), image), load_processor(folder)
    pictures = [noise(150, 90), noise(64, 64), noise(300, 40)]
    requests = [shown(pictures[0], pictures[1]), shown(), shown(pictures[2])]
    expected = stock(
        text=[codec.render(request) for request in requests],
        images=[fit(picture, image) for picture in pictures],
        do_resize=False,
        padding=True,
        return_tensors="pt",
    )
    for _ in range(2):  # made, and kept
        encoded = codec.encode(requests)
        assert encoded.keys() == expected.keys()
        assert all(torch.equal(encoded[name], expected[name]) for name in expected)
        assert {name: encoded[name].dtype for name in expected} == {name: expected[name].dtype for name in expected}


def test_text_alone_is_encoded_as_the_stock_processor_does(folder_and_image):
    folder, image = folder_and_image
    codec, stock = QwenCodec(load_processor(folder), image), load_processor(folder)
    expected = stock(text=[codec.render(shown())], padding=True, return_tensors="pt")
    encoded = codec.encode([shown()])
    assert encoded.keys() == expected.keys()
    assert all(torch.equal(encoded[name], expected[name]) for name in expected)


def test_a_picture_is_prepared_once_for_all_turns_of_an_episode(counted):
    codec, sizes = counted
    picture, crop = noise(150, 90), noise(64, 64)
    first = codec.encode([shown(picture)])
    second = codec.encode([shown(picture, crop)])
    third = codec.encode([shown(picture, crop)])
    assert len(sizes) == 2
    patches = len(first["pixel_values"])
    assert torch.equal(first["pixel_values"], third["pixel_values"][:patches])
    assert torch.equal(second["pixel_values"], third["pixel_values"])


def test_what_was_made_of_a_picture_goes_with_it(counted):
    codec, sizes = counted
    picture, kept = noise(150, 90), noise(64, 64)
    codec.encode([shown(picture, kept)])
    made = weakref.ref(codec._preprocessor(picture).values)
    assert made() is not None
    del picture
    assert made() is None
    codec.encode([shown(kept)])
    assert len(sizes) == 2


def test_pictures_of_one_place_in_memory_are_not_taken_for_each_other(counted):
    codec, _ = counted
    for side in (32, 64, 96, 64):  # each may lie where the last one lay
        assert torch.equal(
            codec.encode([shown(noise(side, side))])["pixel_values"],
            codec.encode([shown(noise(side, side).copy())])["pixel_values"],
        )
