"""Phase III: is the draft answer kept?"""

from __future__ import annotations

from typing import overload

import numpy as np
import numpy.typing as npt


@overload
def accepts(confidence: float, threshold: float) -> bool: ...
@overload
def accepts(confidence: npt.NDArray[np.float64], threshold: float) -> npt.NDArray[np.bool_]: ...
def accepts(confidence: float | npt.NDArray[np.float64], threshold: float) -> bool | npt.NDArray[np.bool_]:
    """Whether each draft answer is accepted: confidence strictly above the threshold (the paper's text says ≥)."""
    return confidence > threshold
