"""Which attention runs a model where its settings leave that open: flash attention where it can work, else torch's own.

Flash attention runs all windows of the vision tower as one packed sequence; torch's ``sdpa`` takes them one by one,
about a second of the host's time for an 8K picture. Of torch's own kernels cuDNN's is left out: it plans each shape
that it has not seen, and a growing cache has a new one at every token.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from speceyes.engines.lean_transformers import AutoConfig, is_flash_attn_2_available

FLASH, TORCH = "flash_attention_2", "sdpa"
HALF = (torch.bfloat16, torch.float16)
KERNELS = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
AMPERE = (8, 0)  # the compute capability from which on the kernels run


def attention_for(model_path: Path, dtype: str, device: str) -> str:
    """The faster attention that works here.

    Args:
        model_path: the model's folder, which says the type of its weights.
        dtype: ``auto``, or the type in which they are loaded.
        device: a torch device, or a way to spread the model over all CUDA devices.
    """
    if device == "cpu" or not is_flash_attn_2_available() or torch.cuda.get_device_capability() < AMPERE:
        return TORCH
    stored = AutoConfig.from_pretrained(model_path, local_files_only=True).dtype if dtype == "auto" else dtype
    return FLASH if stored in (*HALF, *(str(half).removeprefix("torch.") for half in HALF)) else TORCH


def without_plans() -> AbstractContextManager[None]:
    """Let ``sdpa`` take only kernels that need no plan for each shape."""
    return sdpa_kernel(KERNELS)
