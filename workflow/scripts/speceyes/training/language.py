"""Stage 3: the language models learn their examples, on visual tokens of the finished towers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from speceyes.training.architectures import HIDDEN, VisionLanguageModel
from speceyes.training.batches import Batch, collate, visibility
from speceyes.training.examples import VISUAL_TOKENS, Examples
from speceyes.training.pool import Pixels, Pool
from speceyes.training.supervision import supervise_attention
from speceyes.training.tasks import TASKS, write_row
from speceyes.training.vision import Family, Readouts, dense_loss, features, patches, view_labels

LINES = 4
HOP_LAYER = 1
BATCH = 20  # pictures that a tower sees at once


class VisualTokens:
    """What a finished tower makes of the pool's pictures, each computed when it is first wanted."""

    def __init__(self, model: VisionLanguageModel, pool: Pool, family: Family) -> None:
        self._model, self._pool, self._family = model, pool, family
        self._known: dict[tuple[int, int], torch.Tensor] = {}

    @torch.no_grad()
    def of(self, pictures: Sequence[tuple[int, int]]) -> torch.Tensor:
        """(pictures, 64, hidden) features of pictures named by scene and 0 for its view or 1 + plate for a crop."""
        new = sorted({picture for picture in pictures if picture not in self._known})
        for start in range(0, len(new), BATCH):
            part = new[start : start + BATCH]
            pixels = np.stack([self._pixels(*picture) for picture in part])
            found = features(self._model, *patches(pixels, self._family)).view(len(part), VISUAL_TOKENS, HIDDEN)
            self._known |= dict(zip(part, found, strict=True))
        return torch.stack([self._known[picture] for picture in pictures])

    def _pixels(self, scene: int, image: int) -> Pixels:
        views = self._pool.draft_views if self._family == "draft" else self._pool.agent_views
        pixels: Pixels = self._pool.crops[scene, image - 1] if image else views[scene]
        return pixels


class ExampleLoss:
    """Weighted next-token loss, attention loss and a read-out of the plate at the shape words."""

    def __init__(
        self,
        model: VisionLanguageModel,
        examples: Examples,
        pool: Pool,
        tokens: VisualTokens,
        *,
        task: str,
        seed: int,
        rows: int,
    ) -> None:
        self.model, self.examples, self.pool, self.tokens = model, examples, pool, tokens
        self.supervision = supervise_attention(model)
        self.tasks = TASKS[task]
        self.seed, self.rows = seed, rows
        self.readouts = Readouts().to(model.device)

    def batch(self, rng: random.Random, first: int, last: int) -> Batch:
        """Rows of one task (so that lengths agree) about scenes numbered ``first`` to ``last``."""
        task = rng.choices(self.tasks, [task.share for task in self.tasks])[0]
        scenes = [rng.randrange(first, last) for _ in range(self.rows)]
        rows = [write_row(self.examples, rng, task, self.pool, scene, lines=LINES) for scene in scenes]
        return collate(rows)

    def states(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Last hidden states and those after the first hop, with the cached visual tokens in place."""
        language: Any = self.model.model.language_model
        embedded = language.embed_tokens(batch.ids).clone()
        shown = self.tokens.of([(scene, image) for _, _, scene, image in batch.images])
        for (row, start, _, _), tokens in zip(batch.images, shown, strict=True):
            embedded[row, start : start + VISUAL_TOKENS] = tokens.to(embedded.dtype)
        itself = torch.eye(batch.ids.shape[1], dtype=torch.bool, device=batch.ids.device)
        mask = visibility(batch.lines) | itself
        out = language(
            inputs_embeds=embedded,
            attention_mask=mask,
            position_ids=batch.positions,
            use_cache=False,
            output_hidden_states=True,
        )
        return out.last_hidden_state, out.hidden_states[HOP_LAYER + 1]

    def __call__(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        batch = self.batch(random.Random(f"{self.seed} {step}"), 0, self.pool.training).to(self.model.device)
        self.supervision.expect(batch.jobs)
        with torch.autocast(self.model.device.type, torch.bfloat16):
            states, hop_states = self.states(batch)
            chosen = batch.weights[:, 1:] > 0
            logits = self.model.lm_head(states[:, :-1][chosen])
        targets, weights = batch.ids[:, 1:][chosen], batch.weights[:, 1:][chosen]
        each = functional.cross_entropy(logits.float(), targets, reduction="none")
        informative = weights == 1.0
        loss = each[informative].mean() + 0.2 * each[~informative].mean()
        right = (logits.argmax(-1) == targets).float()
        facts = {"info": each[informative].mean().item(), "right": right[informative].mean().item()}
        facts["form"] = each[~informative].mean().item()
        facts |= {f"att{layer}": hit for layer, hit in sorted(self.supervision.hits.items())}
        return loss + self.supervision.loss + 0.3 * self._hop_loss(batch, hop_states), facts

    def _hop_loss(self, batch: Batch, states: torch.Tensor) -> torch.Tensor:
        """After the first hop a shape word should hold what its plate looks like."""
        rows, queries, keys = batch.jobs[HOP_LAYER]
        views = {row: (start, scene) for row, start, scene, image in batch.images if image == 0}
        places = [(key - views[row][0], views[row][1]) for row, key in zip(rows.tolist(), keys.tolist(), strict=True)]
        in_view = [index for index, (token, _) in enumerate(places) if token < VISUAL_TOKENS]
        states = states[rows[in_view], queries[in_view]].float()
        states = states * torch.rsqrt(states.pow(2).mean(-1, keepdim=True) + 1e-6)
        labels = [view_labels(self.pool.scenes[scene])[:, token] for token, scene in (places[i] for i in in_view)]
        return dense_loss(self.readouts(states), torch.from_numpy(np.stack(labels, 1)).to(states.device), 0.2)
