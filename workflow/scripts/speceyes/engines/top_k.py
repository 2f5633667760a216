"""The K largest log-probabilities of every generated token, and whether all were numbers, while the model generates.

Per step only a (batch, K) block is kept, never the vocabulary-wide logits, so memory grows with
batch × K × tokens. The logits are read where the model gives them, after a cap of its own (Gemma) and
before any logits processor (such as a repetition penalty of its generation config) can change them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch


class TopK:
    """Collects one (batch, K) block of descending log-probabilities per generation step; K = 0 collects none."""

    def __init__(self, k: int) -> None:
        self.k = k
        self.steps: list[torch.Tensor] = []
        self._all_finite: torch.Tensor | None = None

    @property
    def finite(self) -> bool:
        """Whether no step had a NaN or an infinite logit; asked once at the end, since a GPU must be waited for."""
        return self._all_finite is None or bool(self._all_finite)

    def take(self, logits: torch.Tensor) -> None:
        """Keep the top K of the last position of raw ``logits``, shape (batch, positions, vocabulary).

        Raises:
            ValueError: the vocabulary is smaller than K.
        """
        last = logits[:, -1].float()
        finite = torch.isfinite(last).all()
        self._all_finite = finite if self._all_finite is None else self._all_finite & finite
        if self.k == 0:
            return
        if self.k > last.shape[-1]:
            raise ValueError(f"top_k is {self.k}, but the model's vocabulary has only {last.shape[-1]} tokens")
        self.steps.append(last.topk(self.k).values - last.logsumexp(dim=-1, keepdim=True))

    def of_row(self, row: int, tokens: int, k: int) -> npt.NDArray[np.float32] | None:
        """The first ``tokens`` steps of one batch row, shape (tokens, k); ``None`` for k = 0."""
        if k == 0:
            return None
        taken = [step[row, :k] for step in self.steps[:tokens]]
        return torch.stack(taken).cpu().numpy() if taken else np.empty((0, k), dtype=np.float32)


@contextmanager
def captured_top_k(model: Any, k: int) -> Iterator[TopK]:
    """Watch what a causal language model gives while the context lasts."""
    top_k = TopK(k)
    hook = model.register_forward_hook(lambda _module, _inputs, output: top_k.take(output.logits))
    try:
        yield top_k
    finally:
        hook.remove()
