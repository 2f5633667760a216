"""The parts of transformers that the engine uses, imported without scikit-learn and SciPy.

Where they are installed, transformers imports them (and pandas with them) for assisted decoding and
detection losses, which are not used here: more than a second of every job's start.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _seemingly_absent(*packages: str) -> Iterator[None]:
    hidden = [package for package in packages if package not in sys.modules]
    for package in hidden:
        sys.modules[package] = None  # type: ignore[assignment]  # Python's own mark for "cannot be imported"
    try:
        yield
    finally:
        for package in hidden:
            del sys.modules[package]


with _seemingly_absent("sklearn", "scipy"):
    from transformers import (
        AutoConfig,
        AutoModelForImageTextToText,
        DynamicCache,
        GenerationConfig,
        ProcessorMixin,
        Qwen2_5_VLProcessor,
        Qwen3VLProcessor,
    )
    from transformers.cache_utils import DynamicLayer
    from transformers.models.auto.auto_mappings import PROCESSOR_MAPPING_NAMES
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    from transformers.models.auto.processing_auto import processor_class_from_name
    from transformers.utils.import_utils import is_flash_attn_2_available
    from transformers.utils.logging import disable_progress_bar

__all__ = [
    "MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES",
    "PROCESSOR_MAPPING_NAMES",
    "AutoConfig",
    "AutoModelForImageTextToText",
    "DynamicCache",
    "DynamicLayer",
    "GenerationConfig",
    "ProcessorMixin",
    "Qwen2_5_VLProcessor",
    "Qwen3VLProcessor",
    "disable_progress_bar",
    "is_flash_attn_2_available",
    "processor_class_from_name",
]
