"""Batches that do not fit the memory, of a GPU or of the machine, said in one line that says what to change."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from speceyes.engines.base import OutOfMemoryError, Request

MORE_ROOM = "set engine.dtype to bfloat16, or spread the model over more GPUs (gpus, engine.device_map)"

# Libraries below torch report it as any other error.
_SAID = (
    "out of memory",  # CUDA's runtime and driver, HIP, MPS
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUSOLVER_STATUS_ALLOC_FAILED",
    "can't allocate memory",  # torch's allocator on the CPU
    "not enough memory",
)

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of mallopt(3), in the C library of Linux


def keep_freed_memory() -> None:
    """Let this process use again what a tensor on the CPU leaves, in place of returning it to the system.

    A layer's results are tens of MB, which are otherwise mapped, cleared and unmapped anew at every layer and token: a
    tenth of an agent's pass. Elsewhere than in glibc nothing changes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the memory did not suffice, so that a smaller batch may succeed."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(said in str(error) for said in _SAID)


@contextmanager
def enough_memory(requests: Sequence[Request]) -> Iterator[None]:
    """What is computed for these requests must fit the memory.

    Raises:
        OutOfMemoryError: it does not.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemoryError(_too_large(requests)) from error


def _too_large(requests: Sequence[Request]) -> str:
    pictures = sum(len(request.pictures) for request in requests)
    if len(requests) > 1:
        sizes = "draft.batch_size or engine.concurrency"
        return f"out of memory with {len(requests)} prompts at once, {pictures} pictures; make {sizes} smaller"
    return (
        f"out of memory with a single prompt of {pictures} pictures; make engine.image.max_pixels smaller, {MORE_ROOM}"
    )
