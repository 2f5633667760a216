"""Any other family that transformers loads for images and text, through its own processor.

What a family must offer is tried out before its weights are loaded: a conversation with a picture goes through
its chat template and its processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PIL import Image

from speceyes.border import reason
from speceyes.engines.base import EngineError, Message, Request
from speceyes.engines.codec import Codec
from speceyes.engines.sizing import sized
from speceyes.images import ImageSettings

SYSTEM, FIRST, REPLY, LAST = "Rules apply.", "What is that?", "Something red.", "Where is it?"


class StockCodec(Codec):
    """One model of any family.

    Args:
        processor: see :func:`speceyes.engines.processors.stock_processor`.
        image: the size of images before the family's own rule, which may change it again.

    Raises:
        EngineError: what the family's template or processor lacks; the message does not name the folder.
    """

    def __init__(self, processor: Any, image: ImageSettings) -> None:
        self._image = image
        if not processor.chat_template:
            raise EngineError("no chat template; put its chat_template.jinja beside config.json")
        if processor.tokenizer.pad_token is None:
            processor.tokenizer.pad_token = processor.tokenizer.eos_token
        try:
            super().__init__(processor, _placeholder(processor))
            self._try_out()
        except EngineError:
            raise
        except Exception as error:  # templates and processors are programs of their own
            raise EngineError(f"a conversation with a picture cannot be encoded ({reason(error)})") from error

    def encode(self, requests: Sequence[Request]) -> Any:
        prompts = [self.render(request) for request in requests]
        pictures = [[sized(picture, self._image) for picture in request.pictures] for request in requests]
        begun = self.tokenizer.bos_token is not None and prompts[0].startswith(self.tokenizer.bos_token)
        return self._processor(
            text=prompts,
            images=pictures if any(pictures) else None,
            padding=True,
            add_special_tokens=not begun,
            return_tensors="pt",
        )

    def _assistant_content(self, text: str) -> Any:
        """A list, as all other turns: some templates read a text letter by letter, and drop it."""
        return [{"type": "text", "text": text}]

    def _try_out(self) -> None:
        """Hold what becomes of a conversation against what was said in it.

        Raises:
            EngineError: a turn or a picture is missing.
        """
        picture = Image.new("RGB", (64, 48))
        said = (
            Message("system", (SYSTEM,)),
            Message("user", (picture, FIRST)),
            Message("assistant", (REPLY,)),
            Message("user", (picture, LAST)),
        )
        request = Request(said, 1)
        prompt = self.render(request)
        for role, text in (("system", SYSTEM), ("user", FIRST), ("assistant", REPLY), ("user", LAST)):
            if text not in prompt:
                raise EngineError(f"its chat template leaves out the turn of the {role}")
        if prompt.count(self._placeholder) != 2:
            raise EngineError("its chat template leaves out a picture")
        shown, bare = self.encode([request]), self.encode([Request((said[0], Message("user", (FIRST,))), 1)])
        if not set(shown) - set(bare):
            raise EngineError("its processor makes nothing of a picture")


def _placeholder(processor: Any) -> str:
    """What the chat template writes for a picture.

    Raises:
        EngineError: nothing.
    """
    text = {"type": "text", "text": FIRST}
    bare, shown = (
        processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False)
        for content in ([text], [{"type": "image"}, text])
    )
    start = next((place for place, (one, other) in enumerate(zip(bare, shown, strict=False)) if one != other), 0)
    placeholder: str = shown[start : start + len(shown) - len(bare)]
    if not placeholder.strip():
        raise EngineError("its chat template leaves out a picture")
    return placeholder.strip()
