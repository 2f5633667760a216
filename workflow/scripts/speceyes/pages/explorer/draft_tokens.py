"""Draft answers token by token: what the gate's confidence is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from speceyes.method.confidence import separability
from speceyes.records.arrays import Counts
from speceyes.records.types import RecordError

SHOWN = 96  # tokens of one answer; a Thinking draft writes a thousand

Rows = npt.NDArray[np.float64]


def token_columns(drafts: pd.DataFrame, top_ks: Sequence[int]) -> dict[str, Any]:
    """Per answer the first :data:`SHOWN` tokens with their probabilities and separabilities.

    Args:
        drafts: with the columns ``tokens`` and ``top_logprobs`` (tokens, K stored), indexed by sample.
        top_ks: the Ks for which the separability is wanted, each at most the stored K.

    Returns:
        ``tokens`` (text), ``probability`` (of the token most likely, 0 to 1) and ``separability``
        (raw, before the sigmoid, by K), each one list per answer.

    Raises:
        RecordError: an answer whose tokens and log-probabilities differ in number.
    """
    tokens = [list(texts)[:SHOWN] for texts in drafts["tokens"]]
    rows = [_stacked(values) for values in drafts["top_logprobs"]]
    for sample_id, texts, values in zip(drafts.index, tokens, rows, strict=True):
        if len(texts) != len(values):
            raise RecordError(f"draft of {sample_id}: {len(texts)} tokens with {len(values)} rows of log-probabilities")
    answered = [values for values in rows if len(values)]
    flat = np.concatenate(answered) if answered else np.empty((0, max(top_ks)))
    ends = np.cumsum([len(texts) for texts in tokens])[:-1]
    return {
        "tokens": tokens,
        "probability": _cut(np.exp(flat[:, 0]), ends, 4),
        "separability": {top_k: _cut(separability(flat, top_k), ends, 2) for top_k in top_ks},
    }


def _stacked(values: Any) -> Rows:
    """One answer's first rows, (tokens, K stored)."""
    return np.vstack(values[:SHOWN]).astype(np.float64) if len(values) else np.empty((0, 0))


def _cut(values: Rows, ends: Counts, digits: int) -> list[list[float]]:
    return [part.tolist() for part in np.split(values.round(digits), ends)]
