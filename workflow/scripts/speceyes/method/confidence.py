"""Confidence of draft answers from their tokens' top-K log-probabilities, for every metric and K at once.

The published definition (the paper's code; its text includes the top-1 in mean and deviation): per
token the separability s = (z₁ - mean(z₂..z_K)) / (std(z₂..z_K) + 1e-6) with population standard
deviation, aggregated over the answer's tokens and squashed by sigmoid(0.6·s). It does not change
when a constant is added to the logits, so log-probabilities give the same value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import AfterValidator

from speceyes.method.own_metrics import check_own_metric, own_confidences
from speceyes.records.arrays import Counts, Floats
from speceyes.records.tables import PROVENANCE_KEY, read_provenance
from speceyes.records.types import DraftRecord, RecordError
from speceyes.runtime.atomic import whole

METRICS = ("min", "mean", "bottom20", "log")  # the paper's
HEADLINE = "min"  # its own choice


def _known(metric: str) -> str:
    if metric in METRICS:
        return metric
    if ":" not in metric:
        names = ", ".join(map(repr, METRICS))
        raise ValueError(f"should be {names} or a function of your own, package.module:function")
    check_own_metric(metric)
    return metric


# A metric's name: one of the paper's, or ``package.module:function``.
Metric = Annotated[str, AfterValidator(_known)]


SLOPE = 0.6
EPSILON = 1e-6
BOTTOM_SHARE = 0.2
ANSWERS_AT_ONCE = 2048  # whose log-probabilities are in memory


SCHEMA = pa.schema(
    [("sample_id", pa.string()), ("metric", pa.string()), ("top_k", pa.int64()), ("confidence", pa.float64())]
)


def headline(metrics: Sequence[str]) -> str:
    """The metric that figures and pages lead with: the paper's choice where the study has it, else its first."""
    return HEADLINE if HEADLINE in metrics else metrics[0]


def metric_name(metric: str) -> str:
    """A metric as tables for people and figures call it: one's own by its function."""
    return metric.rpartition(":")[2]


def confidence(top_logprobs: npt.ArrayLike, metric: str, top_k: int, token_ids: Sequence[int] | None = None) -> float:
    """Confidence of one answer, between 0 and 1; an answer without tokens has 0.

    Args:
        top_logprobs: (tokens, K stored), each row descending.
        metric: how tokens are aggregated; ``log`` (exp of the mean top-1 log-probability) ignores ``top_k``.
        top_k: how many of the largest are compared, top-1 included.
        token_ids: for a metric of one's own that takes them.

    Raises:
        ValueError: ``top_k`` is below 2 or above the stored K; a metric of one's own gave no confidence.
    """
    stored = np.asarray(top_logprobs, dtype=np.float64)
    if not len(stored):
        return 0.0
    ids = None if token_ids is None else np.asarray(token_ids, dtype=np.int64)
    return float(confidences(stored, np.array([len(stored)]), [metric], [top_k], ids)[metric, top_k][0])


def confidences(
    top_logprobs: Floats,
    lengths: Counts,
    metrics: Sequence[str],
    top_ks: Sequence[int],
    token_ids: Counts | None = None,
) -> dict[tuple[str, int], Floats]:
    """Confidence of many answers for every (metric, K).

    Args:
        top_logprobs: the answers' tokens one after the other, (tokens, K stored), each row descending.
        lengths: tokens of each answer; an answer of 0 tokens has confidence 0.
        metrics: the aggregates wanted.
        top_ks: the Ks wanted.
        token_ids: (tokens,), for metrics of one's own that take them.

    Returns:
        One value per answer for each (metric, K).

    Raises:
        ValueError: a K is below 2 or above the stored K; a metric of one's own gave no confidence.
    """
    result = {(metric, top_k): np.zeros(len(lengths)) for top_k in top_ks for metric in metrics}
    answered = lengths > 0
    if not answered.any():
        return result
    for top_k in top_ks:
        scores = separability(top_logprobs, top_k)
        for metric in metrics:
            if metric == "log":
                values = np.exp(_mean(top_logprobs[:, 0], lengths[answered]))
            elif metric not in METRICS:
                values = own_confidences(metric, top_logprobs[:, :top_k], lengths[answered], token_ids)
            else:
                values = 1.0 / (1.0 + np.exp(-SLOPE * _AGGREGATES[metric](scores, lengths[answered])))
            result[metric, top_k][answered] = values
    return result


def separability(top_logprobs: Floats, top_k: int) -> Floats:
    """Raw separability of each token (at least 0, unbounded) from rows of descending log-probabilities or logits.

    Raises:
        ValueError: ``top_k`` is below 2 or above the stored K.
    """
    if top_k < 2:
        raise ValueError(f"top_k is {top_k}; the top-1 is compared with others, so it must be at least 2")
    stored_k = top_logprobs.shape[1]
    if top_k > stored_k:
        raise ValueError(
            f"top_k is {top_k}, but the draft stored only the {stored_k} largest log-probabilities per token; "
            "lower it, or raise the draft's top_k and draft again"
        )
    others = top_logprobs[:, 1:top_k]
    scores: Floats = (top_logprobs[:, 0] - others.mean(axis=1)) / (others.std(axis=1) + EPSILON)
    return scores


def _owners(lengths: Counts) -> Counts:
    return np.repeat(np.arange(len(lengths)), lengths)


def _mean(scores: Floats, lengths: Counts) -> Floats:
    return np.bincount(_owners(lengths), weights=scores, minlength=len(lengths)) / lengths


def _min(scores: Floats, lengths: Counts) -> Floats:
    lowest = np.full(len(lengths), np.inf)
    np.minimum.at(lowest, _owners(lengths), scores)
    return lowest


def _bottom_mean(scores: Floats, lengths: Counts) -> Floats:
    """Mean of each answer's max(1, floor(0.2·n)) smallest scores."""
    owners = _owners(lengths)
    ascending = scores[np.lexsort((scores, owners))]
    rank = np.arange(len(scores)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    counts = np.maximum(1, np.floor(BOTTOM_SHARE * lengths).astype(np.int64))
    return _mean(ascending[rank < np.repeat(counts, lengths)], counts)


_AGGREGATES: dict[str, Callable[[Floats, Counts], Floats]] = {"min": _min, "mean": _mean, "bottom20": _bottom_mean}


def write_confidences(
    output: Path,
    drafts: Sequence[Path],
    metrics: Sequence[str],
    top_ks: Sequence[int],
    provenance: dict[str, Any],
) -> None:
    """Write one row per (sample, metric, K) of the given draft tables, streamed, moved into place when complete.

    Raises:
        RecordError: a file is not a table of draft records.
        ValueError: a K is below 2 or above the stored K, or a metric of one's own gave no confidence; the
            message names the file.
    """
    schema = SCHEMA.with_metadata({PROVENANCE_KEY: json.dumps(provenance)})
    with whole(output) as part, pq.ParquetWriter(part, schema) as writer:
        for draft in drafts:
            for sample_ids, lengths, top_logprobs, token_ids in _stored(draft):
                try:
                    values = confidences(top_logprobs, lengths, metrics, top_ks, token_ids)
                except ValueError as error:
                    raise ValueError(f"{draft}: {error}") from error
                for table in _tables(sample_ids, values, schema):
                    writer.write_table(table)


def _tables(sample_ids: pa.Array, values: dict[tuple[str, int], Floats], schema: pa.Schema) -> Iterable[pa.Table]:
    for (metric, top_k), column in values.items():
        count = len(sample_ids)
        yield pa.table([sample_ids, pa.repeat(metric, count), pa.repeat(top_k, count), column], schema=schema)


def _stored(draft: Path) -> Iterator[tuple[pa.Array, Counts, Floats, Counts]]:
    """Sample ids, tokens per sample, (tokens, K) log-probabilities and (tokens,) ids, a bounded batch at a time."""
    if (kind := read_provenance(draft).get("record")) != DraftRecord.__name__:
        raise RecordError(f"{draft}: holds {kind}, not {DraftRecord.__name__}")
    for batch in pq.ParquetFile(draft).iter_batches(
        ANSWERS_AT_ONCE, columns=["sample_id", "top_logprobs", "token_ids"]
    ):
        tokens = batch.column("top_logprobs")
        lengths = np.diff(tokens.offsets.to_numpy()).astype(np.int64)
        rows = tokens.flatten()
        widths = np.unique(np.diff(rows.offsets.to_numpy()))
        if len(widths) > 1:
            raise RecordError(f"{draft}: tokens with {widths.min()} and with {widths.max()} log-probabilities")
        flat = rows.flatten().to_numpy().astype(np.float64)
        ids = batch.column("token_ids").flatten().to_numpy().astype(np.int64)
        yield batch.column("sample_id"), lengths, flat.reshape(len(rows), -1) if len(rows) else np.empty((0, 0)), ids
