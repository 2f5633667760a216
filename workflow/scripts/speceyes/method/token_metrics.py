"""Confidences from the literature, each a function of one answer's log-probabilities as ``grid.metrics`` takes them.

``top_logprobs`` is (tokens, K), at least one token, each row descending; the token chosen is the first, as
drafts decode greedily. Every value lies between 0 and 1, higher is surer; where the literature has an
uncertainty, it is turned round.
"""

from __future__ import annotations

import numpy as np

from speceyes.records.arrays import Floats


def token_entropy(top_logprobs: Floats) -> float:
    """1 less the mean entropy of the tokens, as a share of the largest possible over K tokens.

    The K probabilities are scaled to a sum of 1. Malinin and Gales, Uncertainty Estimation in
    Autoregressive Structured Prediction, 2002.07650.
    """
    shares = _scaled(top_logprobs)
    entropy = -(shares * np.log(np.maximum(shares, np.finfo(float).tiny))).sum(axis=1)
    return _bounded(1 - entropy.mean() / np.log(top_logprobs.shape[1]))


def margin(top_logprobs: Floats) -> float:
    """Mean distance between the probabilities of the first and the second token.

    Scheffer, Decomain and Wrobel, Active Hidden Markov Models for Information Extraction, IDA 2001.
    """
    probabilities = np.exp(top_logprobs[:, :2])
    return _bounded((probabilities[:, 0] - probabilities[:, 1]).mean())


def mean_probability(top_logprobs: Floats) -> float:
    """Mean probability of the chosen tokens. Manakul, Liusie and Gales, SelfCheckGPT, 2303.08896 (section 4)."""
    return _bounded(np.exp(top_logprobs[:, 0]).mean())


def least_probability(top_logprobs: Floats) -> float:
    """Probability of the least likely token chosen. Manakul, Liusie and Gales, SelfCheckGPT, 2303.08896 (section 4)."""
    return _bounded(np.exp(top_logprobs[:, 0]).min())


def perplexity(top_logprobs: Floats) -> float:
    """1 over the answer's perplexity: the geometric mean of its tokens' probabilities, which is the paper's ``log``.

    Jelinek, Mercer, Bahl and Baker, Perplexity - a measure of the difficulty of speech recognition tasks, 1977.
    """
    return _bounded(np.exp(top_logprobs[:, 0].mean()))


def tail_mass(top_logprobs: Floats) -> float:
    """1 less the mean probability that lies on neither of the K most likely tokens.

    The tail is what nucleus sampling cuts off: Holtzman et al., The Curious Case of Neural Text
    Degeneration, 1904.09751.
    """
    return _bounded(np.exp(top_logprobs).sum(axis=1).mean())


def _scaled(top_logprobs: Floats) -> Floats:
    """Probabilities with a sum of 1 over each token's K."""
    shares = np.exp(top_logprobs - top_logprobs[:, :1])
    scaled: Floats = shares / shares.sum(axis=1, keepdims=True)
    return scaled


def _bounded(value: float) -> float:
    """What rounding adds beyond 0 and 1 taken off."""
    return float(np.clip(value, 0.0, 1.0))
