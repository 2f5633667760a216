"""The K largest log-probabilities of every generated token, taken while the model generates.

Per step only a (batch, K) block is kept, never the vocabulary-wide logits, so memory grows with
batch × K × tokens. The logits are read where the output layer makes them, before any logits
processor (such as a repetition penalty of the model's own generation config) can change them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch


class TopK:
    """Collects one (batch, K) block of descending log-probabilities per generation step."""

    def __init__(self, k: int) -> None:
        self.k = k
        self._steps: list[torch.Tensor] = []

    def take(self, logits: torch.Tensor) -> None:
        """Keep the top K of the last position of raw ``logits``, shape (batch, positions, vocabulary).

        Raises:
            ValueError: the vocabulary is smaller than K.
        """
        last = logits[:, -1].float()
        if self.k > last.shape[-1]:
            raise ValueError(f"top_k is {self.k}, but the model's vocabulary has only {last.shape[-1]} tokens")
        self._steps.append(last.topk(self.k).values - last.logsumexp(dim=-1, keepdim=True))

    def row(self, index: int, tokens: int, k: int) -> npt.NDArray[np.float32]:
        """The first ``tokens`` steps of one batch row: shape (tokens, k), each row descending."""
        if not tokens:
            return np.empty((0, k), dtype=np.float32)
        return torch.stack([step[index, :k] for step in self._steps[:tokens]]).cpu().numpy()


@contextmanager
def captured_top_k(model: Any, k: int) -> Iterator[TopK | None]:
    """Watch a causal language model's output layer; ``k`` = 0 watches nothing and yields ``None``."""
    if k == 0:
        yield None
        return
    top_k = TopK(k)
    hook = model.get_output_embeddings().register_forward_hook(lambda _module, _inputs, logits: top_k.take(logits))
    try:
        yield top_k
    finally:
        hook.remove()
