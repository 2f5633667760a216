"""Stage 3: the language models learn their lessons, on visual tokens computed once from the finished towers.

Cross-entropy alone leaves a model this small at chance for thousands of steps; telling two heads of
some layers where to look (training only) gets every hop right within a few hundred.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from speceyes.miniature.architectures import HIDDEN, VisionLanguageModel
from speceyes.miniature.lessons import COURSES, VISUAL_TOKENS, Attend, Lessons, Row, write_row
from speceyes.miniature.pool import Pool
from speceyes.miniature.scenes import GRID
from speceyes.miniature.vision import Family, Readouts, dense_loss, features, patches, view_labels

SUPERVISED = "supervised"
SUPERVISED_HEADS = (0, 1)
HOP_LAYER = 1
LINES = 4


@dataclass(slots=True)
class _Attention:
    """What the supervised attention function is told and what it collects during one forward pass."""

    jobs: dict[int, tuple[torch.Tensor, torch.Tensor, torch.Tensor]]
    losses: list[torch.Tensor]
    hits: dict[int, float]


_attention: _Attention | None = None


def _supervised_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    **kwargs: Any,
) -> Any:
    """SDPA that also scores two heads against the places they should attend to."""
    found = ALL_ATTENTION_FUNCTIONS["sdpa"](module, query, key, value, attention_mask, **kwargs)
    if _attention is not None and module.layer_idx in _attention.jobs:
        rows, queries, keys = _attention.jobs[module.layer_idx]
        scale = kwargs.get("scaling") or query.shape[-1] ** -0.5
        for head in SUPERVISED_HEADS:
            scores = torch.einsum("nd,nkd->nk", query[rows, head, queries], key[rows, head]).float() * scale
            scores = scores.masked_fill(~attention_mask[rows, 0, queries], -1e9)
            _attention.losses.append(0.5 * functional.cross_entropy(scores, keys))
        _attention.hits[module.layer_idx] = (scores.argmax(-1) == keys).float().mean().item()
    return found


def supervise_attention(model: VisionLanguageModel) -> None:
    """Switch the model's text attention to the supervised form (for training only)."""
    ALL_ATTENTION_FUNCTIONS.register(SUPERVISED, _supervised_attention)
    ALL_MASK_ATTENTION_FUNCTIONS.register(SUPERVISED, ALL_MASK_ATTENTION_FUNCTIONS["sdpa"])
    model.model.language_model.config._attn_implementation = SUPERVISED


@torch.no_grad()
def visual_tokens(model: VisionLanguageModel, pool: Pool, family: Family) -> torch.Tensor:
    """(scenes, 1 + plates, 64, hidden) features: the view, then (agents) one crop per plate."""
    views = pool.draft_views if family == "draft" else pool.agent_views
    crops = pool.crops.shape[1] if family == "agent" else 0
    found = torch.empty(len(views), 1 + crops, VISUAL_TOKENS, HIDDEN)
    for start in range(0, len(views), 20):
        stop = min(start + 20, len(views))
        found[start:stop, 0] = features(model, *patches(views[start:stop], family)).view(-1, VISUAL_TOKENS, HIDDEN)
        for plate in range(crops):
            tokens = features(model, *patches(pool.crops[start:stop, plate], family))
            found[start:stop, 1 + plate] = tokens.view(-1, VISUAL_TOKENS, HIDDEN)
    return found


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as tensors: ids, per-token weights, line numbers (0 = prefix, -1 = padding), rotary positions, images, jobs."""

    ids: torch.Tensor
    weights: torch.Tensor
    lines: torch.Tensor
    positions: torch.Tensor
    images: list[tuple[int, int, int, int]]
    jobs: dict[int, tuple[torch.Tensor, torch.Tensor, torch.Tensor]]


def _text_positions(start: int, count: int) -> list[tuple[int, int, int]]:
    return [(start + i,) * 3 for i in range(count)]


def _image_positions(start: int) -> list[tuple[int, int, int]]:
    return [(start, start + row, start + column) for row in range(GRID) for column in range(GRID)]


def collate(rows: list[Row]) -> Batch:
    """Pack rows; positions are those of the multimodal rotary embedding, restarted for every line."""
    ids: list[list[int]] = []
    weights: list[list[float]] = []
    numbers: list[list[int]] = []
    positions: list[list[tuple[int, int, int]]] = []
    images: list[tuple[int, int, int, int]] = []
    jobs: dict[int, list[tuple[int, int, int]]] = {}
    for index, row in enumerate(rows):
        head = len(row.prefix) - VISUAL_TOKENS
        images.append((index, head, row.scene, 0))
        row_ids, row_weights, row_numbers = list(row.prefix), [0.0] * len(row.prefix), [0] * len(row.prefix)
        row_positions = [*_text_positions(0, head), *_image_positions(head)]
        for number, line in enumerate(row.lines, start=1):
            base = len(row_ids)
            start = head + GRID
            if line.crop_at is None:
                row_positions += _text_positions(start, len(line.ids))
            else:
                after = len(line.ids) - line.crop_at - VISUAL_TOKENS
                row_positions += _text_positions(start, line.crop_at)
                row_positions += _image_positions(start + line.crop_at)
                row_positions += _text_positions(start + line.crop_at + GRID, after)
                images.append((index, base + line.crop_at, row.scene, 1 + line.plate))
            row_ids += line.ids
            row_weights += line.weights
            row_numbers += [number] * len(line.ids)
            for attend in line.attends:
                jobs.setdefault(attend.layer, []).append((index, base + attend.query, _key(attend, base)))
        ids.append(row_ids)
        weights.append(row_weights)
        numbers.append(row_numbers)
        positions.append(row_positions)
    length = max(map(len, ids))

    def padded(values: list[list[Any]], fill: Any) -> torch.Tensor:
        return torch.tensor([row + [fill] * (length - len(row)) for row in values])

    return Batch(
        ids=padded(ids, 0),
        weights=padded(weights, 0.0),
        lines=padded(numbers, -1),
        positions=padded(positions, (0, 0, 0)).permute(2, 0, 1),
        images=images,
        jobs={
            layer: (
                torch.tensor([j[0] for j in todo]),
                torch.tensor([j[1] for j in todo]),
                torch.tensor([j[2] for j in todo]),
            )
            for layer, todo in jobs.items()
        },
    )


def _key(attend: Attend, base: int) -> int:
    """The key's position in its row."""
    return -1 - attend.key if attend.key < 0 else base + attend.key


def visibility(lines: torch.Tensor) -> torch.Tensor:
    """(batch, 1, n, n) mask: causal, own line and prefix only."""
    n = lines.shape[1]
    causal = torch.ones(n, n, dtype=torch.bool).tril()
    own = lines[:, :, None] == lines[:, None, :]
    prefix = (lines[:, None, :] == 0) & (lines[:, :, None] >= 0)
    return ((own | prefix) & causal)[:, None]


class LessonLoss:
    """Weighted next-token loss, attention loss and a read-out of the plate at the shape words."""

    def __init__(
        self,
        model: VisionLanguageModel,
        lessons: Lessons,
        pool: Pool,
        tokens: torch.Tensor,
        course: str,
        seed: int,
        rows: int,
    ) -> None:
        self.model, self.lessons, self.pool, self.tokens = model, lessons, pool, tokens
        self.courses = COURSES[course]
        self.seed, self.rows = seed, rows
        self.readouts = Readouts()
        self._hop_states: list[torch.Tensor] = []
        layer: Any = model.model.language_model.layers[HOP_LAYER]
        layer.register_forward_hook(
            lambda _m, _i, out: self._hop_states.append(out if isinstance(out, torch.Tensor) else out[0])
        )

    def batch(self, rng: random.Random, first: int, last: int) -> Batch:
        """Rows of one course (so that lengths agree) about scenes numbered ``first`` to ``last``."""
        course = rng.choices(self.courses, [course.share for course in self.courses])[0]
        scenes = [rng.randrange(first, last) for _ in range(self.rows)]
        rows = [write_row(self.lessons, rng, course, self.pool, scene, LINES) for scene in scenes]
        return collate(rows)

    def states(self, batch: Batch) -> torch.Tensor:
        """Last hidden states with the cached visual tokens in place."""
        language: Any = self.model.model.language_model
        embedded = language.embed_tokens(batch.ids)
        embedded = embedded.clone()
        for row, start, scene, image in batch.images:
            embedded[row, start : start + VISUAL_TOKENS] = self.tokens[scene, image].to(embedded.dtype)
        mask = visibility(batch.lines) | torch.eye(batch.ids.shape[1], dtype=torch.bool)
        out = language(inputs_embeds=embedded, attention_mask=mask, position_ids=batch.positions, use_cache=False)
        states: torch.Tensor = out.last_hidden_state
        return states

    def __call__(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        global _attention  # noqa: PLW0603 - the attention function is called deep inside transformers
        batch = self.batch(random.Random(f"{self.seed} {step}"), 0, len(self.pool.scenes) - 200)
        self._hop_states.clear()
        _attention = _Attention(batch.jobs, [], {})
        with torch.autocast("cpu", torch.bfloat16):
            states = self.states(batch)
            chosen = batch.weights[:, 1:] > 0
            logits = self.model.lm_head(states[:, :-1][chosen])
        attention, _attention = _attention, None
        targets, weights = batch.ids[:, 1:][chosen], batch.weights[:, 1:][chosen]
        each = functional.cross_entropy(logits.float(), targets, reduction="none")
        informative = weights == 1.0
        loss = each[informative].mean() + 0.2 * each[~informative].mean()
        right = (logits.argmax(-1) == targets).float()
        facts = {"info": each[informative].mean().item(), "right": right[informative].mean().item()}
        facts |= {f"att{layer}": hit for layer, hit in sorted(attention.hits.items())}
        return loss + sum(attention.losses, torch.zeros(())) + 0.3 * self._hop_loss(batch), facts

    def _hop_loss(self, batch: Batch) -> torch.Tensor:
        """After the first hop a shape word should hold what its plate looks like."""
        rows, queries, keys = batch.jobs[HOP_LAYER]
        head = {row: start for row, start, _, image in batch.images if image == 0}
        scene = {row: scene for row, _, scene, image in batch.images if image == 0}
        offset = keys - torch.tensor([head[int(row)] for row in rows])
        in_view = offset < VISUAL_TOKENS
        rows, queries, offset = rows[in_view], queries[in_view], offset[in_view]
        states = self._hop_states[0][rows, queries].float()
        states = states * torch.rsqrt(states.pow(2).mean(-1, keepdim=True) + 1e-6)
        labels = np.stack(
            [view_labels(self.pool.scenes[scene[int(row)]])[:, int(k)] for row, k in zip(rows, offset, strict=True)], 1
        )
        return dense_loss(self.readouts(states), torch.from_numpy(labels), 0.2)
