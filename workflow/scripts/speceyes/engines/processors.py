"""Image-only processors for the Qwen vision-language families, without torchvision.

The stock processors insist on a video processor, which needs torchvision. These subclasses take text
and images only; their ``from_pretrained`` reads the same folders as the stock classes do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from speceyes.border import reason, shown
from speceyes.documents import DocumentError, read_json
from speceyes.engines.base import EngineError
from speceyes.engines.lean_transformers import ProcessorMixin, Qwen2_5_VLProcessor, Qwen3VLProcessor

SPECIAL_TOKENS = {
    "image": "<|image_pad|>",
    "video": "<|video_pad|>",
    "vision_start": "<|vision_start|>",
    "vision_end": "<|vision_end|>",
}


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


PROCESSORS: dict[str, type[_ImageOnly]] = {
    "qwen2_5_vl": ImageOnlyQwen25VLProcessor,
    "qwen3_vl": ImageOnlyQwen3VLProcessor,
    "qwen3_vl_moe": ImageOnlyQwen3VLProcessor,
}


def load_processor(folder: Path) -> Any:
    """The processor of the model saved in ``folder``, padding on the left for generation.

    Raises:
        EngineError: no readable ``config.json``, a family without a processor here, or missing processor files.
    """
    try:
        family = _ModelConfig.model_validate(read_json(folder / "config.json")).model_type
    except (DocumentError, ValidationError) as error:
        said = reason(error)
        raise EngineError(f"{folder}: no model there ({said}); run its download rule or correct the path") from error
    if family not in PROCESSORS:
        raise EngineError(
            f"{folder}: model_type {shown(family)} has no image-only processor; known: {sorted(PROCESSORS)}"
        )
    try:
        # By Pillow also where torchvision is installed, which rounds otherwise.
        processor = PROCESSORS[family].from_pretrained(folder, local_files_only=True, backend="pil")
    except (OSError, ValueError) as error:
        raise EngineError(f"{folder}: tokenizer or image processor files are missing or broken: {error}") from error
    processor.tokenizer.padding_side = "left"
    return processor
