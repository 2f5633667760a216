"""Pictures are sized by qwen-vl-utils where it can be imported, to the same pixels as without it."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from PIL import Image
from qwen_source import vision_process
from speceyes.engines import sizing
from speceyes.images import ImageSettings, fit

RULES = [
    ImageSettings(),
    ImageSettings(factor=32, min_pixels=65536, max_pixels=16777216),
    ImageSettings(max_pixels=90_000),
]


@pytest.fixture
def package(monkeypatch):
    module = vision_process()
    module.fetch_image = Mock(side_effect=module.fetch_image)
    monkeypatch.setattr(sizing, "vision_process", module)
    return module


@pytest.mark.parametrize("settings", RULES, ids=["published", "Qwen3-VL", "small"])
@pytest.mark.parametrize("size", [(101, 75), (640, 480), (30, 1400), (28, 28), (7, 9)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "I;16"])
def test_the_package_makes_the_same_pixels(package, settings, size, mode):
    image = Image.effect_noise(size, 80)
    if mode == "RGBA":
        image = image.convert("RGB")
        image.putalpha(Image.linear_gradient("L").resize(size))
    elif mode == "I;16":
        image = image.convert("I").point(lambda value: value * 250).convert("I;16")
    else:
        image = image.convert(mode)
    made = sizing.sized(image, settings)
    assert package.fetch_image.call_count == 1
    assert (made.mode, made.size) == ("RGB", fit(image, settings).size)
    assert made.tobytes() == fit(image, settings).tobytes()


@pytest.mark.parametrize("size", [(1, 900), (4000, 10), (1, 20_000)])
def test_a_strip_that_the_package_refuses_is_sized_without_it(package, size):
    image = Image.effect_noise(size, 80).convert("RGB")
    assert sizing.sized(image, ImageSettings()).tobytes() == fit(image, ImageSettings()).tobytes()
    assert package.fetch_image.call_count == 0


def test_a_factor_that_the_package_does_not_have_is_sized_without_it(package):
    image = Image.effect_noise((90, 60), 80).convert("RGB")
    sizing.sized(image, ImageSettings(factor=7, min_pixels=49, max_pixels=4900))
    assert package.fetch_image.call_count == 0


def test_without_the_package_pillow_sizes(monkeypatch):
    monkeypatch.setattr(sizing, "vision_process", None)
    image = Image.effect_noise((90, 60), 80).convert("L")
    assert sizing.sized(image, ImageSettings()).tobytes() == fit(image, ImageSettings()).tobytes()
