"""Between requests and a model's tensors: prompts rendered and encoded, tokens decoded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import torch

from speceyes.engines.base import Message, Request
from speceyes.engines.pixel_values import Preprocessor
from speceyes.engines.text import without_control_tokens
from speceyes.images import ImageSettings


class Codec:
    """One model's chat template, tokenizer and image processor.

    Args:
        processor: see :func:`speceyes.engines.processors.load_processor`.
        image: the size of images before the model's own rule.
    """

    def __init__(self, processor: Any, image: ImageSettings) -> None:
        self._processor = processor
        self._tokenizer = processor.tokenizer
        self._preprocessor = Preprocessor(processor.image_processor, image)
        self._placeholder = f"{processor.vision_start_token}{processor.image_token}{processor.vision_end_token}"
        special = (token.content for token in self._tokenizer.added_tokens_decoder.values() if token.special)
        self._control = re.compile("|".join(map(re.escape, special)))
        self._pieces: dict[int, str] = {}

    def encode(self, requests: Sequence[Request]) -> Any:
        """Left-padded token ids with pixel values and the multimodal token types that M-RoPE needs.

        Qwen3-VL refuses to run without those types; Qwen2.5-VL silently gives other logits.
        """
        pictures = [
            self._preprocessor(image)
            for request in requests
            for message in request.messages
            for image in message.images
        ]
        prompts, _ = self._processor.get_text_with_replacements(
            [self.render(request) for request in requests],
            [self._processor.image_token * picture.tokens for picture in pictures],
        )
        inputs = self._tokenizer(prompts, padding=True, return_tensors="pt")
        inputs["mm_token_type_ids"] = torch.tensor(self._processor.create_mm_token_type_ids(inputs["input_ids"]))
        if pictures:
            # One alone is not copied: an 8K picture's patches take 300 MB.
            values = [picture.values for picture in pictures]
            inputs["pixel_values"] = torch.cat(values) if len(values) > 1 else values[0]
            inputs["image_grid_thw"] = torch.cat([picture.grid for picture in pictures])
        return inputs

    def render(self, request: Request) -> str:
        """The prompt as text, one image placeholder per image.

        An assistant message that is continued is left open: its parts follow the generation prompt, so that
        the model continues that very turn, whatever the template does with images in assistant turns.
        """
        closed = request.messages[:-1] if request.continues else request.messages
        prompt: str = self._processor.apply_chat_template(
            [self._template_form(message) for message in closed],
            add_generation_prompt=request.opens != "nothing",
            tokenize=False,
        )
        return prompt + (self._inline(request.messages[-1]) if request.continues else "")

    def _template_form(self, message: Message) -> dict[str, Any]:
        if message.role == "assistant":
            return {"role": "assistant", "content": self._inline(message)}
        content = [
            {"type": "text", "text": self._plain(part)} if isinstance(part, str) else {"type": "image"}
            for part in message.parts
        ]
        return {"role": message.role, "content": content}

    def _inline(self, message: Message) -> str:
        return "".join(self._plain(part) if isinstance(part, str) else self._placeholder for part in message.parts)

    def _plain(self, text: str) -> str:
        return without_control_tokens(text, self._control)

    def decode(self, token_ids: Sequence[int]) -> str:
        """Text without special tokens; tags such as ``<answer>`` are ordinary added tokens and stay."""
        text: str = self._tokenizer.decode(token_ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def piece(self, token_id: int) -> str:
        """The text of one token by itself."""
        if token_id not in self._pieces:
            self._pieces[token_id] = self._tokenizer.decode([token_id], clean_up_tokenization_spaces=False)
        return self._pieces[token_id]
