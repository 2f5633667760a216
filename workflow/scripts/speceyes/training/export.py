"""Trained weights as folders that the stock transformers classes load."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedTokenizerBase

from speceyes.training.architectures import VisionLanguageModel
from speceyes.training.pool import AGENT_VIEW, DRAFT_VIEW
from speceyes.training.vision import OPTICS, Family

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "chat_template.jinja")
VIEWS: dict[Family, int] = {"draft": DRAFT_VIEW, "agent": AGENT_VIEW}


def _image_processor(family: Family) -> dict[str, Any]:
    optics, view = OPTICS[family], VIEWS[family]
    return {
        "image_processor_type": "Qwen2VLImageProcessor",
        "patch_size": optics.patch,
        "merge_size": 2,
        "temporal_patch_size": 2,
        "image_mean": list(optics.mean),
        "image_std": list(optics.std),
        "size": {"shortest_edge": view * view, "longest_edge": view * view},
        "do_convert_rgb": True,
        "do_resize": True,
        "do_rescale": True,
        "do_normalize": True,
    }


def export_model(
    model: torch.nn.Module, tokenizer: PreTrainedTokenizerBase, tokenizer_folder: Path, folder: Path
) -> None:
    """Weights as bfloat16 safetensors, tokenizer and greedy generation config."""
    folder.mkdir(parents=True, exist_ok=True)
    saved: Any = model
    saved.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=False
    )
    saved.to(torch.bfloat16).save_pretrained(folder)
    for name in TOKENIZER_FILES:
        shutil.copyfile(tokenizer_folder / name, folder / name)


def export_vision_language_model(
    model: VisionLanguageModel, family: Family, tokenizer: PreTrainedTokenizerBase, tokenizer_folder: Path, folder: Path
) -> None:
    """As :func:`export_model`, with the image processor's settings."""
    for part in (model.config, model.model.language_model.config):
        part._attn_implementation = "sdpa"
    export_model(model, tokenizer, tokenizer_folder, folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(_image_processor(family), indent=2) + "\n")
