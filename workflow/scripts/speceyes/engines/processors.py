"""Processors for text and images alone, without torchvision, and the codec of each family.

Many stock processors insist on a video processor, which needs torchvision. These subclasses take text
and images only; their ``from_pretrained`` reads the same folders as the stock classes do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from speceyes.border import reason, shown
from speceyes.documents import DocumentError, read_json
from speceyes.engines.base import EngineError
from speceyes.engines.codec import Codec
from speceyes.engines.lean_transformers import (
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    PROCESSOR_MAPPING_NAMES,
    ProcessorMixin,
    Qwen2_5_VLProcessor,
    Qwen3VLProcessor,
    processor_class_from_name,
)
from speceyes.engines.qwen_codec import QwenCodec
from speceyes.engines.stock_codec import StockCodec
from speceyes.images import ImageSettings

SPECIAL_TOKENS = {
    "image": "<|image_pad|>",
    "video": "<|video_pad|>",
    "vision_start": "<|vision_start|>",
    "vision_end": "<|vision_end|>",
}
PARTS = ["image_processor", "tokenizer"]


class _ModelConfig(BaseModel):
    model_type: str


class _ImageOnly(ProcessorMixin):
    """Replaces the stock constructor: the same special-token attributes, no video processor."""

    def __init__(
        self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None, **_: Any
    ) -> None:
        for name, token in SPECIAL_TOKENS.items():
            setattr(self, f"{name}_token", token)
            setattr(self, f"{name}_token_id", tokenizer.convert_tokens_to_ids(token))
        construct: Any = ProcessorMixin.__init__
        construct(self, image_processor, tokenizer, chat_template=chat_template)


class ImageOnlyQwen3VLProcessor(_ImageOnly, Qwen3VLProcessor):
    """Qwen3-VL's processor for text and images."""


class ImageOnlyQwen25VLProcessor(_ImageOnly, Qwen2_5_VLProcessor):
    """Qwen2.5-VL's processor for text and images."""


QWEN: dict[str, type[_ImageOnly]] = {
    "qwen2_5_vl": ImageOnlyQwen25VLProcessor,
    "qwen3_vl": ImageOnlyQwen3VLProcessor,
    "qwen3_vl_moe": ImageOnlyQwen3VLProcessor,
}


def load_codec(folder: Path, image: ImageSettings) -> Codec:
    """The codec of the model saved in ``folder``.

    Args:
        folder: as written by ``save_pretrained``.
        image: the size of images before the model's own rule.

    Raises:
        EngineError: as :func:`load_processor`; or a conversation with a picture does not go through the family's
            chat template and processor.
    """
    processor = load_processor(folder)
    if isinstance(processor, _ImageOnly):
        return QwenCodec(processor, image)
    try:
        return StockCodec(processor, image)
    except EngineError as error:
        raise EngineError(f"{folder}: {error}") from error


def load_processor(folder: Path) -> Any:
    """The processor of the model saved in ``folder``, padding on the left for generation.

    Raises:
        EngineError: no readable ``config.json``, a family that transformers does not load for images and text, or
            missing processor files.
    """
    try:
        family = _ModelConfig.model_validate(read_json(folder / "config.json")).model_type
    except (DocumentError, ValidationError) as error:
        said = reason(error)
        raise EngineError(f"{folder}: no model there ({said}); run its download rule or correct the path") from error
    kind = QWEN.get(family) or _stock_class(family)
    if kind is None:
        raise EngineError(f"{folder}: transformers loads no model of type {shown(family)} for images and text")
    try:
        # By Pillow also where torchvision is installed, which rounds otherwise.
        processor = kind.from_pretrained(folder, local_files_only=True, backend="pil")
    except (OSError, ValueError) as error:
        raise EngineError(
            f"{folder}: tokenizer or image processor files are missing or broken: {reason(error)}"
        ) from error
    except (ImportError, TypeError, AttributeError) as error:
        raise EngineError(
            f"{folder}: the processor of {family} takes no text and images alone: {reason(error)}"
        ) from error
    processor.tokenizer.padding_side = "left"
    return processor


def _stock_class(family: str) -> type[ProcessorMixin] | None:
    """A family's own processor for text and images; None where transformers does not load the family for both."""
    name = PROCESSOR_MAPPING_NAMES.get(family)
    if family not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES or name is None:
        return None
    stock: Any = processor_class_from_name(name)

    class ImageOnly(stock):  # type: ignore[misc]
        @classmethod
        def get_attributes(cls) -> list[str]:
            return PARTS

    ImageOnly.__name__ = stock.__name__  # by which the classes of its parts are found
    return ImageOnly
