"""The Qwen2.5-VL and Qwen3-VL families: pictures sized by the study's rule, and prepared once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from speceyes.engines.base import Request
from speceyes.engines.codec import Codec
from speceyes.engines.pixel_values import Preprocessor
from speceyes.images import ImageSettings


class QwenCodec(Codec):
    """One model's chat template, tokenizer and image processor.

    Args:
        processor: see :func:`speceyes.engines.processors.load_processor`.
        image: the size of images before the model's own rule.
    """

    def __init__(self, processor: Any, image: ImageSettings) -> None:
        super().__init__(
            processor, f"{processor.vision_start_token}{processor.image_token}{processor.vision_end_token}"
        )
        self._preprocessor = Preprocessor(processor.image_processor, image)

    def lengths(self, requests: Sequence[Request]) -> list[int]:
        """How many tokens each prompt has; a picture stands as one in its text."""
        return [
            tokens + sum(self._preprocessor(picture).tokens - 1 for picture in request.pictures)
            for tokens, request in zip(super().lengths(requests), requests, strict=True)
        ]

    def encode(self, requests: Sequence[Request]) -> Any:
        """Left-padded token ids with pixel values and the multimodal token types that M-RoPE needs.

        Qwen3-VL refuses to run without those types; Qwen2.5-VL silently gives other logits.
        """
        pictures = [self._preprocessor(picture) for request in requests for picture in request.pictures]
        prompts, _ = self._processor.get_text_with_replacements(
            [self.render(request) for request in requests],
            [self._processor.image_token * picture.tokens for picture in pictures],
        )
        inputs = self.tokenizer(prompts, padding=True, return_tensors="pt")
        inputs["mm_token_type_ids"] = torch.tensor(self._processor.create_mm_token_type_ids(inputs["input_ids"]))
        if pictures:
            # One alone is not copied: an 8K picture's patches take 300 MB.
            values = [picture.values for picture in pictures]
            inputs["pixel_values"] = torch.cat(values) if len(values) > 1 else values[0]
            inputs["image_grid_thw"] = torch.cat([picture.grid for picture in pictures])
        return inputs
