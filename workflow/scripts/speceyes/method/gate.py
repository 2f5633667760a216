"""Phase III: is the draft answer kept?"""

from __future__ import annotations

from typing import overload

from speceyes.records.arrays import Floats, Mask


@overload
def accepts(confidence: float, threshold: float) -> bool: ...
@overload
def accepts(confidence: Floats, threshold: float) -> Mask: ...
def accepts(confidence: float | Floats, threshold: float) -> bool | Mask:
    """Whether each draft answer is accepted: confidence strictly above the threshold (the paper's text says ≥)."""
    return confidence > threshold
