"""Stage 2: the vision tower's features are mapped to the language model's word embeddings.

A ridge regression maps each visual token to the sum of its attributes' codes, and the map is folded
into the last linear layer of the merger. A colour's code is that colour word's embedding, so that
reading an attribute becomes copying. No architecture changes; only weights do.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedTokenizerBase

from speceyes.miniature.scenes import COLORS, SHAPES, SIDES
from speceyes.training.architectures import HIDDEN, VisionLanguageModel
from speceyes.training.pool import Pool
from speceyes.training.vision import ATTRIBUTES, IGNORE, NAMES, Family, crop_batch, features, view_batch

log = logging.getLogger(__name__)

CODE_SCALE = 5.0
BATCHES = 40  # of scenes whose tokens are regressed, at most
BATCH = 16
FOLDED = ("shape", "color", "side", "size", "column", "row")
KINDS = ("view", "crop")  # two more codes: a plate in a view, a dot in a crop
SIZES = [ATTRIBUTES[name] for name in FOLDED]
OFFSETS = dict(zip(FOLDED, np.cumsum([0, *SIZES]), strict=False))
WIDTH = sum(SIZES) + len(KINDS)

Array = npt.NDArray[np.float64]


def _codes(model: VisionLanguageModel, tokenizer: PreTrainedTokenizerBase, seed: int) -> Array:
    """(WIDTH, hidden): word embeddings for shapes, colours and sides, random directions for the rest."""
    codes = np.random.default_rng(seed).standard_normal((WIDTH, HIDDEN)) * 0.05 * CODE_SCALE
    embeddings: Any = model.get_input_embeddings()
    table = embeddings.weight.detach().double().cpu().numpy()
    for name, words, skip in (("shape", SHAPES, 1), ("color", COLORS, 0), ("side", SIDES, 0)):
        for index, word in enumerate(words):
            (token,) = tokenizer(f" {word}").input_ids
            codes[OFFSETS[name] + skip + index] = table[token] * CODE_SCALE
    codes[OFFSETS["shape"]] = 0  # background
    return codes


def _site(labels: npt.NDArray[np.int64], kind: str) -> npt.NDArray[np.bool_]:
    """Tokens worth a code: plates in views, dots in crops."""
    return np.asarray(labels[NAMES.index("shape" if kind == "view" else "dot")] > 0)


def _indicators(labels: npt.NDArray[np.int64], kind: str) -> Array:
    found = np.zeros((labels.shape[1], WIDTH))
    site = _site(labels, kind)
    for name in FOLDED:
        row = labels[NAMES.index(name)]
        known = site & (row != IGNORE)
        found[np.nonzero(known)[0], OFFSETS[name] + row[known]] = 1
    found[site, WIDTH - len(KINDS) + KINDS.index(kind)] = 1
    return found


@torch.no_grad()
def _pairs(model: VisionLanguageModel, pool: Pool, family: Family, seed: int) -> tuple[Array, Array]:
    """Features of plate tokens and a few background ones, and what they show."""
    rng = np.random.default_rng(seed)
    inputs, outputs = [], []
    for _ in range(min(BATCHES, pool.training // BATCH)):
        rows = rng.integers(0, pool.training, BATCH)
        batches = [(view_batch(pool, family, rows), "view")]
        if family == "agent":
            batches.append((crop_batch(pool, rows, rng.integers(0, pool.crops.shape[1], len(rows))), "crop"))
        for (pixels, grid, labels), kind in batches:
            known = labels.numpy()
            keep = _site(known, kind) | (rng.random(known.shape[1]) < 0.12)
            inputs.append(features(model, pixels, grid).double().cpu().numpy()[keep])
            outputs.append(_indicators(known, kind)[keep])
    return np.concatenate(inputs), np.concatenate(outputs)


def _ridge(x: Array, y: Array) -> tuple[Array, Array]:
    """Weights and intercept of y = x·w + b."""
    x_mean, y_mean = x.mean(0), y.mean(0)
    gram = (x - x_mean).T @ (x - x_mean)
    penalty = 1e-4 * np.trace(gram) / len(gram) * np.eye(len(gram))
    weights = np.linalg.solve(gram + penalty, (x - x_mean).T @ (y - y_mean))
    return weights, y_mean - x_mean @ weights


def fold(
    model: VisionLanguageModel, tokenizer: PreTrainedTokenizerBase, pool: Pool, family: Family, seed: int
) -> dict[str, float]:
    """Fold the map into ``model`` in place; returns how well the codes can be read back on other scenes."""
    codes = _codes(model, tokenizer, seed)
    weights, intercept = _ridge(*_pairs(model, pool, family, seed))
    with torch.no_grad():
        transform, shift = (torch.from_numpy(part @ codes).float().to(model.device) for part in (weights, intercept))
        visual: Any = model.model.visual
        last = visual.merger.linear_fc2 if family == "draft" else visual.merger.mlp[2]
        last.bias.copy_(last.bias @ transform + shift)
        last.weight.copy_(transform.T @ last.weight)
    silence_deepstack(model)
    return _read_back(model, pool, family, codes, seed + 1)


@torch.no_grad()
def silence_deepstack(model: VisionLanguageModel) -> None:
    """Zero the draft's second path from tower to language model (DeepStack), whose features are not mapped."""
    visual: Any = model.model.visual
    for merger in getattr(visual, "deepstack_merger_list", ()):
        merger.linear_fc2.weight.zero_()
        merger.linear_fc2.bias.zero_()


def _read_back(model: VisionLanguageModel, pool: Pool, family: Family, codes: Array, seed: int) -> dict[str, float]:
    found, shown = _pairs(model, pool, family, seed)
    scores = found @ np.linalg.pinv(codes)
    accuracy = {}
    for name in FOLDED:
        span = slice(OFFSETS[name] + (name == "shape"), OFFSETS[name] + ATTRIBUTES[name])
        known = shown[:, span].sum(1) > 0
        accuracy[name] = float((scores[known, span].argmax(1) == shown[known, span].argmax(1)).mean())
    log.info("folded %s: %s", family, " ".join(f"{k} {v:.3f}" for k, v in accuracy.items()))
    return accuracy
