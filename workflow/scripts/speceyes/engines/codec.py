"""Between requests and a model's tensors: prompts rendered and encoded, tokens decoded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from speceyes.engines.base import Message, Request
from speceyes.engines.text import without_control_tokens
from speceyes.images import ImageSettings, fit


class Codec:
    """One model's chat template, tokenizer and image processor.

    Args:
        processor: see :func:`speceyes.engines.processors.load_processor`.
        image: the size of images before the model's own rule.
    """

    def __init__(self, processor: Any, image: ImageSettings) -> None:
        self._processor = processor
        self._tokenizer = processor.tokenizer
        self._image = image
        self._own_rule = _own_rule(processor.image_processor)
        self._placeholder = f"{processor.vision_start_token}{processor.image_token}{processor.vision_end_token}"
        special = (token.content for token in self._tokenizer.added_tokens_decoder.values() if token.special)
        self._control = re.compile("|".join(map(re.escape, special)))
        self._pieces: dict[int, str] = {}

    def encode(self, requests: Sequence[Request]) -> Any:
        """Left-padded token ids with pixel values and the multimodal token types that M-RoPE needs.

        Qwen3-VL refuses to run without those types; Qwen2.5-VL silently gives other logits.
        """
        images = [
            fit(fit(image, self._image), self._own_rule)
            for request in requests
            for message in request.messages
            for image in message.images
        ]
        pixels: dict[str, Any] = {"images": images, "do_resize": False} if images else {}
        prompts = [self.render(request) for request in requests]
        return self._processor(text=prompts, padding=True, return_tensors="pt", **pixels)

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


def _own_rule(image_processor: Any) -> ImageSettings:
    """The model's own size rule; an image that already fits it is left alone.

    The published runs fit every image to multiples of 28 pixels, and Qwen3-VL's processor then to 32.
    """
    return ImageSettings(
        factor=image_processor.patch_size * image_processor.merge_size,
        min_pixels=image_processor.size["shortest_edge"],
        max_pixels=image_processor.size["longest_edge"],
    )
