"""Confidence metrics of one's own: a function of one answer's log-probabilities, named ``package.module:function``.

Such a function gets the K largest log-probabilities of every token, (tokens, K), each row descending, and,
where it takes a second argument, the ids of the tokens, (tokens,). It returns a confidence between 0 and 1,
higher is surer. It is asked about answers with at least one token only.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

from speceyes.plugins import load_function
from speceyes.records.arrays import Counts, Floats


class MetricError(ValueError):
    """A metric that gave no confidence; the message names it and what it gave or raised."""


def own_confidences(metric: str, top_logprobs: Floats, lengths: Counts, token_ids: Counts | None) -> Floats:
    """Confidence of many answers by one's own metric.

    Args:
        metric: ``package.module:function``.
        top_logprobs: the answers' tokens one after the other, (tokens, K), each row descending.
        lengths: tokens of each answer, at least 1.
        token_ids: the tokens' ids, (tokens,); None where the draft's tables lack them.

    Raises:
        MetricError: the function raises, or its value is no number between 0 and 1.
    """
    function, takes_ids = _loaded(metric)
    if takes_ids and token_ids is None:
        raise MetricError(f"metric {metric}: wants token ids, which this draft did not store; draft again")
    arguments: Iterator[tuple[npt.NDArray[np.generic], ...]]
    ends = np.cumsum(lengths)[:-1]
    rows = np.split(top_logprobs, ends)
    arguments = zip(rows, np.split(token_ids, ends), strict=True) if takes_ids and token_ids is not None else zip(rows)
    return np.array([_confidence(metric, function, given) for given in arguments], dtype=np.float64)


@cache
def _loaded(metric: str) -> tuple[Callable[..., object], bool]:
    """The function and whether it takes token ids.

    Raises:
        ValueError: the name leads to no function, or to one that takes no or more than two arguments.
    """
    function = load_function(metric, "confidence metric")
    parameters = inspect.signature(function).parameters.values()
    needed = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    takes_ids = len(needed) > 1 and needed[1].default is inspect.Parameter.empty
    try:
        inspect.signature(function).bind(*range(1 + takes_ids))
    except TypeError as error:
        raise ValueError(f"confidence metric {metric}: must take log-probabilities, or these and token ids") from error
    return function, takes_ids


def check_own_metric(metric: str) -> None:
    """Whether a name leads to a function that can be asked.

    Raises:
        ValueError: one line that says why not.
    """
    _loaded(metric)


def _confidence(metric: str, function: Callable[..., object], arguments: tuple[npt.NDArray[np.generic], ...]) -> float:
    try:
        value = float(function(*arguments))  # type: ignore[arg-type]
    except Exception as error:  # a user's code may raise anything
        raise MetricError(f"metric {metric}: {type(error).__name__}: {error}") from error
    if not 0 <= value <= 1:
        raise MetricError(f"metric {metric}: gave {value}; a confidence lies between 0 and 1")
    return value
