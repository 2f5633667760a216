"""Tiny configurations of the paper's architecture classes."""

from __future__ import annotations

from typing import Any

import torch
from transformers import (
    PreTrainedTokenizerBase,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

HIDDEN = 128
HEAD = 32
LAYERS = 4
VISION_HIDDEN = 96
VISION_DEPTH = 4
INITIAL_STD = 0.05

VisionLanguageModel = Qwen3VLForConditionalGeneration | Qwen2_5_VLForConditionalGeneration


def _text(tokenizer: PreTrainedTokenizerBase, rope: dict[str, Any]) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": HIDDEN,
        "intermediate_size": 3 * HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HIDDEN // HEAD,
        "num_key_value_heads": HIDDEN // HEAD,
        "max_position_embeddings": 4096,
        "initializer_range": INITIAL_STD,
        "tie_word_embeddings": True,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, **rope},
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": None,
    }


def _vision(patch: int, **special: Any) -> dict[str, Any]:
    return {
        "depth": VISION_DEPTH,
        "hidden_size": VISION_HIDDEN,
        "intermediate_size": 3 * VISION_HIDDEN,
        "num_heads": VISION_HIDDEN // HEAD,
        "patch_size": patch,
        "out_hidden_size": HIDDEN,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "initializer_range": INITIAL_STD,
        **special,
    }


def _image_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    names = {
        "image_token_id": "<|image_pad|>",
        "video_token_id": "<|video_pad|>",
        "vision_start_token_id": "<|vision_start|>",
        "vision_end_token_id": "<|vision_end|>",
    }
    ids = {key: tokenizer.convert_tokens_to_ids(token) for key, token in names.items()}
    return ids | {"tie_word_embeddings": True, "initializer_range": INITIAL_STD}


def draft_model(tokenizer: PreTrainedTokenizerBase, seed: int) -> Qwen3VLForConditionalGeneration:
    """A Qwen3-VL with 8-pixel patches: a 128-pixel view is 8 x 8 visual tokens."""
    torch.manual_seed(seed)
    config = Qwen3VLConfig(
        text_config=_text(tokenizer, {"mrope_section": [6, 5, 5], "mrope_interleaved": True}) | {"head_dim": HEAD},
        vision_config=_vision(8, num_position_embeddings=256, deepstack_visual_indexes=[1]),
        **_image_tokens(tokenizer),
    )
    return Qwen3VLForConditionalGeneration(config)  # type: ignore[no-untyped-call]


def agent_model(tokenizer: PreTrainedTokenizerBase, seed: int) -> Qwen2_5_VLForConditionalGeneration:
    """A Qwen2.5-VL with the usual 14-pixel patches: a 224-pixel view is 8 x 8 visual tokens."""
    torch.manual_seed(seed)
    config = Qwen2_5_VLConfig(
        text_config=_text(tokenizer, {"mrope_section": [4, 6, 6]}),
        vision_config=_vision(14, window_size=112, fullatt_block_indexes=list(range(VISION_DEPTH))),
        **_image_tokens(tokenizer),
    )
    return Qwen2_5_VLForConditionalGeneration(config)  # type: ignore[no-untyped-call]
