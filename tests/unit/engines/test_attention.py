"""Flash attention is chosen where it is installed and can work, and nowhere else."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from speceyes.engines import attention
from speceyes.engines.attention import attention_for
from speceyes.engines.in_process import TransformersSettings
from speceyes.engines.transformers_engine import TransformersEngine


@pytest.fixture
def machine(monkeypatch):
    """A machine with flash attention and an A100, changed as a test says."""

    def has(installed: bool = True, capability: tuple[int, int] = (8, 0)) -> None:
        monkeypatch.setattr(attention, "is_flash_attn_2_available", lambda: installed)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)

    has()
    return has


@pytest.mark.parametrize(
    ("dtype", "device", "chosen"),
    [
        ("bfloat16", "cuda", "flash_attention_2"),
        ("bfloat16", "cuda:1", "flash_attention_2"),
        ("bfloat16", "balanced", "flash_attention_2"),
        ("float32", "cuda", "sdpa"),
        ("bfloat16", "cpu", "sdpa"),
    ],
)
def test_it_is_chosen_for_half_precision_on_a_gpu(machine, tmp_path, dtype, device, chosen):
    assert attention_for(tmp_path, dtype, device) == chosen


@pytest.mark.parametrize(("installed", "capability"), [(False, (9, 0)), (True, (7, 5))])
def test_it_is_not_chosen_where_it_is_missing_or_the_gpu_is_too_old(machine, tmp_path, installed, capability):
    machine(installed, capability)
    assert attention_for(tmp_path, "bfloat16", "cuda") == "sdpa"


@pytest.mark.parametrize(
    ("stored", "chosen"), [("bfloat16", "flash_attention_2"), ("float16", "flash_attention_2"), ("float32", "sdpa")]
)
def test_weights_loaded_as_stored_are_asked_for_their_type(machine, tiny_qwen3_vl, tmp_path, stored, chosen):
    folder = shutil.copytree(tiny_qwen3_vl, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"dtype": stored}))
    assert attention_for(folder, "auto", "cuda") == chosen


def test_without_a_gpu_a_model_left_to_auto_runs_by_torchs_own(tiny_qwen3_vl):
    engine = TransformersEngine(tiny_qwen3_vl, TransformersSettings(device="cpu"))
    assert engine._model.config._attn_implementation == "sdpa"
