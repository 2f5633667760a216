"""Tiny models of the real architectures with random weights, saved as the stock classes save them.

Their generation config lets them say readable text and tags only, and never end by themselves.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_families import SYSTEM_FIRST

TAGS = ("<think>", "</think>", "<answer>", "</answer>", "<tool_call>", "</tool_call>", "<code>", "</code>")
CHAT_TEMPLATE = SYSTEM_FIRST.replace("PICTURE", "<|vision_start|><|image_pad|><|vision_end|>")


def _save_tokenizer(folder: Path):
    from speceyes.training.tokenizer import SPECIAL
    from tokenizers import AddedToken, pre_tokenizers
    from transformers import Qwen2Tokenizer

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = ("Ġt", "th", "he", "Ġr", "ed", "Ġs", "ar")
    merges = [(word[:-1], word[-1]) for word in words]
    vocabulary = {piece: index for index, piece in enumerate([*letters, *words])}
    tokenizer = Qwen2Tokenizer(
        vocab=vocabulary, merges=merges, eos_token="<|im_end|>", additional_special_tokens=list(SPECIAL[1:])
    )
    tokenizer.add_tokens([AddedToken(tag, normalized=False) for tag in TAGS])
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    return tokenizer


def _text_config(tokenizer, **rope) -> dict:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "initializer_range": 0.3,
        "tie_word_embeddings": False,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, **rope},
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": None,
    }


def _vision_config(**special) -> dict:
    return {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_heads": 2,
        "out_hidden_size": 64,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "initializer_range": 0.3,
        **special,
    }


def _image_tokens(tokenizer) -> dict:
    names = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    tokens = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in zip(names, tokens, strict=True)}
    return ids | {"tie_word_embeddings": False}


def _save(folder: Path, model, tokenizer, patch_size: int) -> Path:
    from speceyes.training.tokenizer import SPECIAL
    from transformers import Qwen2VLImageProcessorPil

    vocabulary = tokenizer.get_vocab()
    readable = {index for piece, index in vocabulary.items() if piece.replace("Ġ", "").isascii()}
    model.generation_config.suppress_tokens = sorted(
        {*vocabulary.values()} - readable | set(tokenizer.convert_tokens_to_ids(list(SPECIAL)))
    )
    model.save_pretrained(folder)
    size = {"shortest_edge": 1, "longest_edge": 1 << 24}
    Qwen2VLImageProcessorPil(patch_size=patch_size, size=size).save_pretrained(folder)
    return folder


def _qwen3_vl(folder: Path, **vision) -> Path:
    import torch
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    tokenizer = _save_tokenizer(folder)
    torch.manual_seed(0)
    config = Qwen3VLConfig(
        text_config=_text_config(tokenizer, mrope_section=[6, 5, 5], mrope_interleaved=True) | {"head_dim": 32},
        vision_config=_vision_config(patch_size=16, num_position_embeddings=64, deepstack_visual_indexes=[0]) | vision,
        **_image_tokens(tokenizer),
    )
    return _save(folder, Qwen3VLForConditionalGeneration(config), tokenizer, patch_size=16)


@pytest.fixture(scope="session")
def tiny_qwen3_vl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random Qwen3-VL: two layers, 16-pixel patches (images in multiples of 32)."""
    return _qwen3_vl(tmp_path_factory.mktemp("qwen3_vl"))


@pytest.fixture(scope="session")
def narrow_qwen3_vl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a vision tower of one narrow layer, whose attention over a whole 8K picture takes little."""
    return _qwen3_vl(tmp_path_factory.mktemp("narrow_qwen3_vl"), depth=1, hidden_size=8, num_heads=1)


@pytest.fixture(scope="session")
def tiny_qwen25_vl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random Qwen2.5-VL: two layers, 14-pixel patches (images in multiples of 28)."""
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    folder = tmp_path_factory.mktemp("qwen2_5_vl")
    tokenizer = _save_tokenizer(folder)
    torch.manual_seed(0)
    config = Qwen2_5_VLConfig(
        text_config=_text_config(tokenizer, mrope_section=[4, 6, 6]),
        vision_config=_vision_config(patch_size=14, window_size=112, fullatt_block_indexes=[1]),
        **_image_tokens(tokenizer),
    )
    return _save(folder, Qwen2_5_VLForConditionalGeneration(config), tokenizer, patch_size=14)
