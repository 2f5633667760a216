"""Tiny random models of other vision-language families, saved as their own stock classes save them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

SYSTEM_FIRST = """\
{%- for message in messages -%}
{{ '<|im_start|>' + message.role + '\n' }}
{%- if message.content is string %}{{ message.content }}
{%- else %}
{%- for part in message.content %}
{%- if part.type == 'image' %}{{ 'PICTURE' }}
{%- else %}{{ part.text }}
{%- endif %}
{%- endfor %}
{%- endif %}
{{- '<|im_end|>\n' }}
{%- endfor -%}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"""
# As Gemma's: no role of its own for the system, and turns that alternate.
GEMMA = """\
{%- if messages[0].role == 'system' -%}{%- set first = messages[0].content[0].text + '\n\n' -%}
{%- set turns = messages[1:] -%}{%- else -%}{%- set first = '' -%}{%- set turns = messages -%}{%- endif -%}
{%- for message in turns -%}
{%- if (message.role == 'user') != (loop.index0 % 2 == 0) -%}
{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
{%- endif -%}
{{ '<|im_start|>' + message.role + '\n' + (first if loop.first else '') }}
{%- if message.content is string %}{{ message.content | trim }}
{%- else %}
{%- for part in message.content %}
{%- if part.type == 'image' %}{{ '<start_of_image>' }}
{%- else %}{{ part.text | trim }}
{%- endif %}
{%- endfor %}
{%- endif %}
{{- '<|im_end|>\n' }}
{%- endfor -%}
{%- if add_generation_prompt %}{{ '<|im_start|>model\n' }}{% endif %}"""
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "initializer_range": 0.3,
    "tie_word_embeddings": False,
}
VISION = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "initializer_range": 0.3,
}


def tokenizer(template: str, **special: str) -> Any:
    """Bytes, a few words, and the family's own special tokens by the names that its processor asks for."""
    from tokenizers import pre_tokenizers
    from transformers import Qwen2Tokenizer

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Qwen2Tokenizer(
        vocab={piece: index for index, piece in enumerate(letters)},
        merges=[],
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>"],
        extra_special_tokens=special,
    )
    made.chat_template = template
    return made


def ids(made: Any) -> dict[str, Any]:
    ends = {"eos_token_id": made.eos_token_id, "pad_token_id": made.pad_token_id, "bos_token_id": None}
    return {"vocab_size": len(made)} | ends


def llava_parts(made: Any) -> dict[str, Any]:
    """What the configurations of the LLaVA families have in common, with a tokenizer."""
    return {
        "vision_config": {"model_type": "clip_vision_model", "image_size": 28, "patch_size": 14, **VISION},
        "text_config": {"model_type": "llama", **TEXT, **ids(made)},
        "image_token_index": made.convert_tokens_to_ids("<image>"),
    }


def llava(folder: Path) -> None:
    from transformers import CLIPImageProcessorPil, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

    made = tokenizer(SYSTEM_FIRST.replace("PICTURE", "<image>\\n"), image_token="<image>")
    config = LlavaConfig(
        **llava_parts(made),
        vision_feature_select_strategy="default",
        vision_feature_layer=-2,
    )
    pictures = CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
    processor = LlavaProcessor(pictures, made, 14, "default", made.chat_template, num_additional_image_tokens=1)
    save(folder, LlavaForConditionalGeneration(config), processor)


def llava_next(folder: Path) -> None:
    from transformers import (
        LlavaNextConfig,
        LlavaNextForConditionalGeneration,
        LlavaNextImageProcessorPil,
        LlavaNextProcessor,
    )

    made = tokenizer(SYSTEM_FIRST.replace("PICTURE", "<image>\\n"), image_token="<image>")
    grid = [[28, 56], [56, 28], [56, 56]]
    config = LlavaNextConfig(
        **llava_parts(made),
        image_grid_pinpoints=grid,
    )
    pictures = LlavaNextImageProcessorPil(
        size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}, image_grid_pinpoints=grid
    )
    processor = LlavaNextProcessor(pictures, made, 14, "default", made.chat_template, num_additional_image_tokens=1)
    save(folder, LlavaNextForConditionalGeneration(config), processor)


def gemma3(folder: Path) -> None:
    import torch
    from transformers import (
        Gemma3Config,
        Gemma3ForConditionalGeneration,
        Gemma3ImageProcessorPil,
        Gemma3Processor,
    )

    made = tokenizer(GEMMA, image_token="<image_soft_token>", boi_token="<start_of_image>", eoi_token="<end_of_image>")
    config = Gemma3Config(
        vision_config={"model_type": "siglip_vision_model", "image_size": 28, "patch_size": 7, **VISION},
        text_config={**TEXT, **ids(made), "head_dim": 16, "sliding_window": 64, "query_pre_attn_scalar": 16},
        mm_tokens_per_image=4,
        image_token_index=made.image_token_id,
        boi_token_index=made.boi_token_id,
        eoi_token_index=made.eoi_token_id,
    )
    pictures = Gemma3ImageProcessorPil(size={"height": 28, "width": 28}, image_seq_length=4)
    model = Gemma3ForConditionalGeneration(config)
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight)  # else pictures are all zeros
    save(folder, model, Gemma3Processor(pictures, made, made.chat_template, 4))


def internvl(folder: Path) -> None:
    from transformers import GotOcr2ImageProcessorPil, InternVLConfig, InternVLForConditionalGeneration

    made = tokenizer(
        SYSTEM_FIRST.replace("PICTURE", "<IMG_CONTEXT>\\n"),
        start_image_token="<img>",
        end_image_token="</img>",
        context_image_token="<IMG_CONTEXT>",
        video_token="<video>",
    )
    config = InternVLConfig(
        vision_config={"image_size": [28, 28], "patch_size": [7, 7], **VISION},
        text_config={"model_type": "qwen2", **TEXT, **ids(made)},
        image_token_id=made.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
    )
    pictures = GotOcr2ImageProcessorPil(size={"height": 28, "width": 28}, crop_to_patches=True, max_patches=4)
    InternVLForConditionalGeneration(config).save_pretrained(folder)
    # The stock processor cannot be made without torchvision: it is saved part by part.
    made.save_pretrained(folder)
    pictures.save_pretrained(folder)
    (folder / "processor_config.json").write_text(json.dumps({"image_seq_length": 4}))


def save(folder: Path, model: Any, processor: Any) -> None:
    """As the stock classes save."""
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


FAMILIES: dict[str, Callable[[Path], None]] = {
    "llava": llava,
    "llava_next": llava_next,
    "gemma3": gemma3,
    "internvl": internvl,
}
