import ast
import copy
import math
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image
from speceyes.images import ImageError, ImageSettings, fit, fitted_size, open_image


@pytest.fixture(scope="module")
def qwen_vl_utils() -> SimpleNamespace:
    """The package's own size rule and image loading, taken from its source: importing it needs torchvision."""
    source = Path(find_spec("qwen_vl_utils").origin).with_name("vision_process.py").read_text()
    wanted = {"round_by_factor", "ceil_by_factor", "floor_by_factor", "smart_resize", "to_rgb", "fetch_image"}
    constants = {"MAX_RATIO", "SPATIAL_MERGE_SIZE", "IMAGE_MIN_TOKEN_NUM", "IMAGE_MAX_TOKEN_NUM"}
    body = [
        node
        for node in ast.parse(source).body
        if (isinstance(node, ast.FunctionDef) and node.name in wanted)
        or (isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in constants)
        or (isinstance(node, ast.ImportFrom) and node.module == "typing")
    ]
    namespace = {"math": math, "copy": copy, "Image": Image}
    exec(compile(ast.Module(body, type_ignores=[]), "vision_process", "exec"), namespace)
    return SimpleNamespace(**{name: namespace[name] for name in wanted})


@given(width=st.integers(1, 9000), height=st.integers(1, 9000), factor=st.sampled_from([28, 32]))
def test_size_rule_equals_qwen_vl_utils(qwen_vl_utils, width, height, factor):
    assume(max(width, height) / min(width, height) <= 200)
    settings = ImageSettings(factor=factor, min_pixels=4 * factor**2, max_pixels=16384 * factor**2)
    theirs = qwen_vl_utils.smart_resize(height, width, factor=factor)
    assert fitted_size(width, height, settings) == theirs[::-1]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_pixels_equal_qwen_vl_utils(qwen_vl_utils, mode):
    image = Image.effect_noise((101, 75), 80).convert("RGB")
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    else:
        image = image.convert(mode)
    theirs = qwen_vl_utils.fetch_image({"image": image})
    ours = fit(image, ImageSettings())
    assert ours.mode == "RGB"
    assert ours.tobytes() == theirs.tobytes()


@given(width=st.integers(1, 5000), height=st.integers(1, 5000), largest=st.integers(28 * 28 * 4, 512 * 512))
def test_fitted_sizes_are_on_the_grid_and_stay_there(width, height, largest):
    settings = ImageSettings(max_pixels=largest)
    size = fitted_size(width, height, settings)
    assert size[0] % 28 == size[1] % 28 == 0
    assert min(size) >= 28
    if math.prod(size) <= largest and math.prod(size) >= settings.min_pixels:
        assert fitted_size(*size, settings) == size


def test_an_image_that_fits_is_not_resampled():
    image = Image.effect_noise((56, 84), 80).convert("RGB")
    assert fit(image, ImageSettings()).tobytes() == image.tobytes()


def test_a_truncated_file_is_one_clear_error(tmp_path):
    Image.effect_noise((64, 64), 80).save(tmp_path / "whole.png")
    broken = tmp_path / "broken.png"
    broken.write_bytes((tmp_path / "whole.png").read_bytes()[:300])
    with pytest.raises(ImageError, match=r"broken\.png: not a readable image"):
        open_image(broken)
    with pytest.raises(ImageError, match=r"missing\.png"):
        open_image(tmp_path / "missing.png")


def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch):
    Image.new("L", (200, 200)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(ImageError, match="bomb"):
        open_image(tmp_path / "bomb.png")
