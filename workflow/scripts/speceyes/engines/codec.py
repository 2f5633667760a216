"""Between requests and a model's tensors: prompts rendered and encoded, tokens decoded."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from speceyes.engines.base import Message, Request
from speceyes.engines.text import without_control_tokens


class Codec(ABC):
    """One model's chat template and tokenizer; how pictures become tensors is its family's.

    Args:
        processor: the family's, with its tokenizer and chat template.
        placeholder: what stands for a picture in a prompt.
    """

    def __init__(self, processor: Any, placeholder: str) -> None:
        self.tokenizer = processor.tokenizer
        self._processor = processor
        self._placeholder = placeholder
        special = [token.content for token in self.tokenizer.added_tokens_decoder.values() if token.special]
        self._control = re.compile("|".join(map(re.escape, [*special, placeholder])))
        self._pieces: dict[int, str] = {}

    @abstractmethod
    def encode(self, requests: Sequence[Request]) -> Any:
        """What the model is called with: left-padded token ids of every request, and its pictures."""

    def lengths(self, requests: Sequence[Request]) -> list[int]:
        """How many tokens each prompt has, its pictures' apart where only the family's processor knows them."""
        return [len(ids) for ids in self.tokenizer([self.render(request) for request in requests])["input_ids"]]

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
            return {"role": "assistant", "content": self._assistant_content(self._inline(message))}
        content = [
            {"type": "text", "text": self._plain(part)} if isinstance(part, str) else {"type": "image"}
            for part in message.parts
        ]
        return {"role": message.role, "content": content}

    def _assistant_content(self, text: str) -> Any:
        """An assistant's turn as the family's template takes it."""
        return text

    def _inline(self, message: Message) -> str:
        return "".join(self._plain(part) if isinstance(part, str) else self._placeholder for part in message.parts)

    def _plain(self, text: str) -> str:
        return without_control_tokens(text, self._control)

    def decode(self, token_ids: Sequence[int]) -> str:
        """Text without special tokens; tags such as ``<answer>`` are ordinary added tokens and stay."""
        text: str = self.tokenizer.decode(token_ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def piece(self, token_id: int) -> str:
        """The text of one token by itself."""
        if token_id not in self._pieces:
            self._pieces[token_id] = self.tokenizer.decode([token_id], clean_up_tokenization_spaces=False)
        return self._pieces[token_id]
