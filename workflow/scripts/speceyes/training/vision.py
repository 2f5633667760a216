"""Stage 1: the vision towers learn to see, token by token, under dense supervision.

Every visual token that lies on a plate is asked for the plate's shape, its dot's colour, side and
size, and (in a view) its column and row. End-to-end training of a model this small does not converge
without this.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from speceyes.miniature.scenes import COLORS, GRID, SHAPES, SIDES, Scene, Window
from speceyes.training.architectures import HIDDEN, VisionLanguageModel
from speceyes.training.pool import Pool

Family = Literal["draft", "agent"]
ATTRIBUTES = {
    "shape": len(SHAPES) + 1,  # 0: background; views only
    "color": len(COLORS),
    "side": len(SIDES),
    "size": 2,
    "column": GRID,
    "row": GRID,
    "dot": 2,  # crops only: does this token hold the dot's centre?
    "sector": len(SIDES),  # crops only: on which side of its plate does this token lie?
}
NAMES = tuple(ATTRIBUTES)
IGNORE = -100
PLAIN_FROM = 0.1  # dot radius, in cells, from which it counts as plain

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Optics:
    """How a family's image processor cuts and normalises pixels."""

    patch: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


OPTICS: dict[Family, Optics] = {
    "draft": Optics(8, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "agent": Optics(14, (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
}


def patches(images: npt.NDArray[np.uint8], family: Family) -> tuple[torch.Tensor, torch.Tensor]:
    """(n, side, side, 3) pixels as the processor would hand them over: rows of flattened patches, and grids."""
    optics = OPTICS[family]
    p = optics.patch
    x = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 255
    x = (x - torch.tensor(optics.mean)[:, None, None]) / torch.tensor(optics.std)[:, None, None]
    n, c, height, width = x.shape
    g, h = height // p, width // p
    x = x.reshape(n, c, g // 2, 2, p, h // 2, 2, p).permute(0, 2, 5, 3, 6, 1, 4, 7)
    x = x.unsqueeze(6).expand(-1, -1, -1, -1, -1, -1, 2, -1, -1)
    return x.reshape(n * g * h, c * 2 * p * p), torch.tensor([[1, g, h]] * n)


def use_linear_patch_embedding(model: VisionLanguageModel) -> None:
    """Patch embedding as a matrix product on the same weights: the 3-D convolution is many times slower on a CPU."""
    embed: Any = model.model.visual.patch_embed

    def forward(pixels: torch.Tensor) -> torch.Tensor:
        weight = embed.proj.weight
        return functional.linear(pixels.to(weight.dtype), weight.flatten(1), embed.proj.bias)

    embed.forward = forward


def features(model: VisionLanguageModel, pixels: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """Merged visual tokens, (tokens, hidden), where the model is."""
    found = model.model.visual(pixels.to(model.device), grid_thw=grid.to(model.device)).pooler_output
    return found if isinstance(found, torch.Tensor) else torch.cat(list(found))


def view_labels(scene: Scene) -> Labels:
    """(attributes, 64) labels of a view; everything but shape only where a plate is."""
    labels = np.full((len(NAMES), GRID, GRID), IGNORE, np.int64)
    labels[0] = 0
    for plate in scene.plates:
        labels[:, plate.row, plate.column] = (
            1 + SHAPES.index(plate.shape),
            tuple(COLORS).index(plate.color),
            tuple(SIDES).index(plate.side),
            int(plate.dot_radius < PLAIN_FROM),
            plate.column,
            plate.row,
            IGNORE,
            IGNORE,
        )
    return labels.reshape(len(NAMES), -1)


def crop_labels(scene: Scene, window: Window, tokens: int = GRID) -> Labels:
    """(attributes, tokens²) labels of a crop: colour and side where the dot is, the sector all over the plate."""
    found = {name: np.full((tokens, tokens), IGNORE, np.int64) for name in NAMES}
    found["dot"][:] = 0
    left, top, right, bottom = window
    step = (right - left) / tokens
    x = left + (np.arange(tokens)[None, :] + 0.5) * step
    y = top + (np.arange(tokens)[:, None] + 0.5) * (bottom - top) / tokens
    for plate in scene.plates:
        dx, dy = x - plate.x, y - plate.y
        sector = np.where(np.abs(dx) > np.abs(dy), np.where(dx < 0, 0, 1), np.where(dy < 0, 2, 3))
        found["sector"] = np.where((np.hypot(dx, dy) < 0.4) & (np.hypot(dx, dy) > 0.1), sector, found["sector"])
        away = np.maximum(np.abs(x - plate.dot[0]), np.abs(y - plate.dot[1]))
        found["dot"][away < plate.dot_radius + step / 2] = IGNORE
        holds = away <= step / 2
        found["dot"][holds] = 1
        found["color"][holds] = tuple(COLORS).index(plate.color)
        found["side"][holds] = tuple(SIDES).index(plate.side)
    return np.stack([found[name].ravel() for name in NAMES])


class Readouts(torch.nn.Module):
    """One linear head per attribute on every merged visual token."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = torch.nn.ModuleDict({name: torch.nn.Linear(HIDDEN, size) for name, size in ATTRIBUTES.items()})

    def forward(self, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
        return {name: head(tokens) for name, head in self.heads.items()}


@cache
def _class_weights(name: str) -> torch.Tensor:
    """Background tokens are many and count for little."""
    weights = torch.ones(ATTRIBUTES[name])
    if name in ("shape", "dot"):
        weights[0] = 0.1
    return weights


def dense_loss(logits: dict[str, torch.Tensor], labels: torch.Tensor, tiny_weight: float) -> torch.Tensor:
    """Sum of the attributes' cross-entropies; colour and side of dots that vanish in a view count for little."""
    tiny = labels[NAMES.index("size")] == 1
    loss = torch.zeros((), device=labels.device)
    for index, name in enumerate(NAMES):
        known = labels[index] != IGNORE
        if not known.any():
            continue
        weights = _class_weights(name).to(labels.device)[labels[index][known]]
        if name in ("color", "side"):
            weights = torch.where(tiny[known], tiny_weight, weights)
        each = functional.cross_entropy(logits[name][known], labels[index][known], reduction="none")
        loss = loss + (each * weights).sum() / weights.sum()
    return loss


def accuracies(logits: dict[str, torch.Tensor], labels: torch.Tensor, prefix: str) -> dict[str, float]:
    """Share of tokens read right, background left out; colour and side of vanishing dots apart."""
    tiny = labels[NAMES.index("size")] == 1
    shown = {}
    for index, name in enumerate(NAMES):
        known = labels[index] != IGNORE
        right = logits[name].argmax(-1) == labels[index]
        if name in ("shape", "dot"):
            known &= labels[index] > 0
        elif name in ("color", "side"):
            if (known & tiny).any():
                shown[f"{prefix}.tiny_{name}"] = right[known & tiny].float().mean().item()
            known &= ~tiny
        if known.any():
            shown[f"{prefix}.{name}"] = right[known].float().mean().item()
    return shown


def view_batch(
    pool: Pool, family: Family, rows: npt.NDArray[np.int64]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Patches, grids and labels of some views."""
    images = pool.draft_views if family == "draft" else pool.agent_views
    pixels, grid = patches(images[rows], family)
    return pixels, grid, torch.from_numpy(np.concatenate([view_labels(pool.scenes[row]) for row in rows], axis=1))


def crop_batch(
    pool: Pool, rows: npt.NDArray[np.int64], plates: npt.NDArray[np.int64]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Patches, grids and labels of one crop per row."""
    pixels, grid = patches(pool.crops[rows, plates], "agent")
    labels = [crop_labels(pool.scenes[r], pool.windows[r][p]) for r, p in zip(rows, plates, strict=True)]
    return pixels, grid, torch.from_numpy(np.concatenate(labels, axis=1))


class TowerLoss:
    """The dense loss of one tower at a step."""

    def __init__(self, model: VisionLanguageModel, readouts: Readouts, pool: Pool, family: Family, seed: int) -> None:
        self.model, self.readouts, self.pool, self.family, self.seed = model, readouts, pool, family, seed

    def __call__(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        rng = np.random.default_rng((self.seed, step))
        rows = rng.integers(0, self.pool.training, 24 if self.family == "draft" else 6)
        pixels, grid, labels = view_batch(self.pool, self.family, rows)
        loss, facts = self._one(pixels, grid, labels, "view")
        if self.family == "agent":
            crop_rows, plates = rng.integers(0, self.pool.training, 20), rng.integers(0, self.pool.crops.shape[1], 20)
            crop_loss, crop_facts = self._one(*crop_batch(self.pool, crop_rows, plates), "crop")
            loss, facts = loss + 1.5 * crop_loss, facts | crop_facts
        return loss, facts

    def _one(
        self, pixels: torch.Tensor, grid: torch.Tensor, labels: torch.Tensor, prefix: str
    ) -> tuple[torch.Tensor, dict[str, float]]:
        with torch.autocast(self.model.device.type, torch.bfloat16):
            tokens = features(self.model, pixels, grid)
        logits, labels = self.readouts(tokens.float()), labels.to(tokens.device)
        return dense_loss(logits, labels, 0.2), accuracies(logits, labels, prefix)


@torch.no_grad()
def held_out_accuracies(model: VisionLanguageModel, readouts: Readouts, pool: Pool, family: Family) -> dict[str, float]:
    """Accuracies on the pool's held-out scenes, in full precision."""
    rows = np.arange(pool.training, len(pool.scenes))
    batches = {"view": view_batch(pool, family, rows)}
    if family == "agent":
        batches["crop"] = crop_batch(pool, rows, rows % pool.crops.shape[1])
    shown: dict[str, float] = {}
    for kind, (pixels, grid, labels) in batches.items():
        shown |= accuracies(readouts(features(model, pixels, grid)), labels.to(model.device), kind)
    return shown
