"""Whether this process can use the GPUs that its job holds, and if not, why and what helps."""

from __future__ import annotations

import torch

from speceyes.engines.base import EngineError
from speceyes.runtime.provenance import driver_version

# The lowest driver for each CUDA that torch may be built with (NVIDIA, CUDA minor version compatibility, table 1).
LOWEST_DRIVER = {"11": "450.80.02", "12": "525", "13": "580"}
REMEDY = "engine.device: cpu runs the model without"


def require_cuda(gpus: int) -> None:
    """Refuse to go on where torch cannot use as many GPUs as the job holds.

    Raises:
        EngineError: one line with the reason: torch's build, the driver, or the devices.
    """
    if torch.version.cuda is None and torch.version.hip is None:
        raise EngineError(
            f"the job holds {gpus} GPU{'s' * (gpus > 1)}, but torch {torch.__version__} is a build without CUDA; "
            f"install torch's CUDA build, or {REMEDY}"
        )
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
        found = torch.cuda.device_count()
        for index in range(found):
            torch.zeros(1, device=f"cuda:{index}")
    except (RuntimeError, AssertionError) as error:
        raise EngineError(
            f"the job holds {gpus} GPU{'s' * (gpus > 1)}, but CUDA cannot be used: {_first_line(error)}; "
            f"{_needed_driver()}, or {REMEDY}"
        ) from error
    if found < gpus:
        raise EngineError(f"the job holds {gpus} GPUs, but torch sees {found}; {REMEDY}")


def _needed_driver() -> str:
    """The driver that this torch needs, and the one that is there."""
    cuda = torch.version.cuda or ""
    lowest = LOWEST_DRIVER.get(cuda.partition(".")[0])
    needed = f"CUDA {cuda} needs driver {lowest} or newer" if lowest else f"see which driver CUDA {cuda} needs"
    return f"torch {torch.__version__} with {needed}, here is {driver_version() or 'none'}"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
