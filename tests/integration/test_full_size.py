"""The benchmark of models of official shapes, as far as it goes without a GPU."""

from __future__ import annotations

import runpy

import pytest
from speceyes.engines.processors import load_codec
from speceyes.images import ImageSettings
from workspace import REPOSITORY


@pytest.mark.parametrize(("name", "tokens"), [("draft", 20 * 15), ("deepeyes", 23 * 17)])
@pytest.mark.parametrize("times", [1, 4])
def test_pictures_take_as_many_tokens_as_in_the_official_models(tmp_path, name, tokens, times):
    bench = runpy.run_path(str(REPOSITORY / "bench" / "full_size.py"))
    factor = bench["FACTOR"][name]
    width, height = (round(side / factor) * factor * times for side in (640, 480))
    image = ImageSettings(factor=factor, min_pixels=width * height, max_pixels=width * height)
    codec = load_codec(bench["describe"](name, tmp_path), image)
    (shown,) = codec.encode(bench["requests"](1, (width, height), 2))["image_grid_thw"].prod(dim=-1) // 4
    assert shown == tokens * times**2
