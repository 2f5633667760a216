"""The K largest log-probabilities of every generated token, and whether all were numbers, while the model generates.

Per step only a (rows, K) block is kept, never the vocabulary-wide logits, so memory grows with
rows × K × tokens. The logits are read where the model gives them, after a cap of its own (Gemma) and
before any logits processor (such as a repetition penalty of its generation config) can change them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch


class TopK:
    """Collects one (rows, K) block of descending log-probabilities per generation step; K = 0 collects none."""

    def __init__(self, k: int) -> None:
        self.k = k
        self.steps: list[torch.Tensor] = []
        self._rows: list[Sequence[int]] = []
        self._all_finite: torch.Tensor | None = None

    @property
    def finite(self) -> bool:
        """Whether no step had a NaN or an infinite logit; asked once at the end, since a GPU must be waited for."""
        return self._all_finite is None or bool(self._all_finite)

    def take(self, logits: torch.Tensor, rows: Sequence[int]) -> None:
        """Keep the top K of the last position of raw ``logits``, shape (rows, positions, vocabulary).

        Args:
            logits: of one step.
            rows: which of the batch's rows they are of.

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
        self._rows.append(rows)

    def of_row(self, row: int, tokens: int, k: int) -> npt.NDArray[np.float32] | None:
        """The first ``tokens`` steps of one batch row, shape (tokens, k); ``None`` for k = 0."""
        if k == 0:
            return None
        steps = zip(self.steps[:tokens], self._rows, strict=False)
        taken = [step[rows.index(row), :k] for step, rows in steps]
        return torch.stack(taken).cpu().numpy() if taken else np.empty((0, k), dtype=np.float32)
