"""Pictures of 4K and 8K through the draft and both agents, by random models of the real architectures, cut in layers.

The models are narrow and the vision tower has one layer, so that 16,384 tokens per picture are a matter of seconds.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scripted import said, sample
from speceyes.agents.deepeyes import DeepEyes
from speceyes.agents.run import answer
from speceyes.agents.thyme import Thyme
from speceyes.engines.in_process import TransformersSettings
from speceyes.engines.transformers_engine import TransformersEngine
from speceyes.images import ImageSettings, Pictures, fitted_size
from speceyes.method.draft import Drafter, DraftSettings
from speceyes.prompts import load_prompts

SIZES = {"4K": (4032, 3024), "8K": (7680, 4320)}
PROMPTS = """\
question: "Q: {question}\\n"
question_with_options: "Q: {question} {options}"
roles:
  answer: {user: "Answer."}
  screening: {user: "Tools?"}
  agent: {system: "Work.", user: "Think. {image_path}"}
  verify: {system: "Score.", user: "0 to 9?"}
"""
CODE = """<code>```python
from PIL import Image
image = Image.open(image_path)
image.crop((image.width - 900, image.height - 600, image.width, image.height)).save("{path}")
print("{path}")
```</code>""".replace("{path}", "/mnt/data/temp_processed_images/crop.png")


class Opening:
    """A model whose first texts are given; what it is asked for is kept."""

    def __init__(self, engine: TransformersEngine, *texts: str) -> None:
        self._engine = engine
        self._texts = list(texts)
        self.prompt_tokens: list[int] = []

    def generate(self, requests):
        if self._texts:
            return [said(self._texts.pop(0))]
        replies = self._engine.generate(requests)
        self.prompt_tokens += [reply.prompt_tokens for reply in replies]
        return replies


def cut(folder: Path, target: Path, **vision: object) -> Path:
    """A copy of a model with other settings of its vision tower."""
    shutil.copytree(folder, target)
    config = json.loads((target / "config.json").read_text())
    config["vision_config"] |= vision
    (target / "config.json").write_text(json.dumps(config))
    return target


def engine_of(folder: Path) -> TransformersEngine:
    return TransformersEngine(folder, TransformersSettings(device="cpu", dtype="float32"))


@pytest.fixture(scope="module")
def draft_engine(narrow_qwen3_vl):
    return engine_of(narrow_qwen3_vl)


@pytest.fixture(scope="module")
def agent_engine(tiny_qwen25_vl, tmp_path_factory):
    return engine_of(cut(tiny_qwen25_vl, tmp_path_factory.mktemp("cut") / "agent", depth=1, fullatt_block_indexes=[]))


@pytest.fixture
def stored(request, tmp_path):
    """A folder with prompts and a picture, and the picture's size."""
    width, height = SIZES[request.param]
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[-600:, -900:] = (250, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "picture.png", compress_level=1)
    (tmp_path / "prompts.yaml").write_text(PROMPTS)
    return tmp_path, (width, height)


def tokens_of(size: tuple[int, int], grid: int) -> int:
    width, height = fitted_size(*size, ImageSettings())
    return round(width / grid) * round(height / grid)


@pytest.mark.parametrize("stored", ["8K"], indirect=True)
def test_a_draft_answers_about_it(draft_engine, stored):
    folder, size = stored
    engine = Opening(draft_engine)
    drafter = Drafter(engine, load_prompts(folder / "prompts.yaml"), DraftSettings(max_new_tokens=2, top_k=8))
    (record,) = drafter.answer([sample()], Pictures(folder))
    assert (record.status, len(record.tokens)) == ("ok", 2)
    assert engine.prompt_tokens[0] > 0.95 * tokens_of(size, 32) > 11_000


@pytest.mark.parametrize("stored", ["8K"], indirect=True)
def test_deepeyes_zooms_into_its_far_corner(agent_engine, stored):
    folder, (width, height) = stored
    across, down = fitted_size(width, height, ImageSettings())
    box = [across - 300, down - 200, across, down]
    call = f'<tool_call>{{"name": "image_zoom_in_tool", "arguments": {{"bbox_2d": {box}}}}}</tool_call>'
    engine = Opening(agent_engine, call)
    agent = DeepEyes(folder / "prompts.yaml", {"max_generations": 2, "max_new_tokens": 2}, folder / "media")
    record = answer(engine, agent, sample(), Pictures(folder))
    tool = record.turns[0].tool
    assert tool.box[2:] == (width, height)
    assert tool.box[0] == pytest.approx(width - 300 * width / across, abs=1)
    with Image.open(folder / "media" / tool.images[0]) as crop:
        assert np.allclose(np.asarray(crop), (250, 0, 0), atol=8)  # red alone, as JPEG has it
    assert engine.prompt_tokens[0] > tokens_of((width, height), 28) > 15_000


@pytest.mark.parametrize("stored", ["4K"], indirect=True)
def test_thyme_cuts_its_far_corner_out_by_code(agent_engine, stored):
    folder, size = stored
    engine = Opening(agent_engine, CODE)
    agent = Thyme(folder / "prompts.yaml", {"max_iterations": 2, "max_new_tokens": 2}, folder / "media")
    record = answer(engine, agent, sample(), Pictures(folder))
    tool = record.turns[0].tool
    assert (tool.status, len(tool.images)) == ("ok", 1), tool.detail
    with Image.open(folder / "media" / tool.images[0]) as crop:
        assert crop.size == (900, 600)
    assert engine.prompt_tokens[0] > tokens_of(size, 28) + tokens_of((900, 600), 28)
