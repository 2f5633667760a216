"""Attention supervised towards given positions, for training only.

Cross-entropy alone leaves a model this small at chance for thousands of steps; supervising two heads of
some layers gets every hop right within a few hundred.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn import functional
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from speceyes.training.architectures import VisionLanguageModel

SUPERVISED = "supervised"
SUPERVISED_HEADS = (0, 1)

# Per layer: (rows, query positions, key positions), three tensors of one length.
Jobs = dict[int, tuple[torch.Tensor, ...]]


@dataclass(slots=True)
class Supervision:
    """What a model's layers should attend to in the next forward pass, and what was seen of it in the last."""

    jobs: Jobs = field(default_factory=dict)
    losses: list[torch.Tensor] = field(default_factory=list)
    hits: dict[int, float] = field(default_factory=dict)

    def expect(self, jobs: Jobs) -> None:
        """Tell the layers where to look in the next forward pass."""
        self.jobs, self.losses, self.hits = jobs, [], {}

    @property
    def loss(self) -> torch.Tensor:
        """Mean cross-entropy of the supervised heads, summed over layers."""
        return torch.stack(self.losses).sum()

    def look(self, layer: int, query: torch.Tensor, key: torch.Tensor, mask: torch.Tensor, scale: float) -> None:
        """Score a layer's supervised heads: (batch, heads, n, head) queries and keys, (batch, 1, n, n) mask."""
        rows, queries, keys = self.jobs[layer]
        for head in SUPERVISED_HEADS:
            scores = torch.einsum("nd,nkd->nk", query[rows, head, queries], key[rows, head]).float() * scale
            scores = scores.masked_fill(~mask[rows, 0, queries], -1e9)
            self.losses.append(functional.cross_entropy(scores, keys) / len(SUPERVISED_HEADS))
        self.hits[layer] = (scores.argmax(-1) == keys).float().mean().item()


def _supervised_attention(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor, **kwargs: Any
) -> Any:
    """SDPA whose supervised heads are scored."""
    found = ALL_ATTENTION_FUNCTIONS["sdpa"](module, query, key, value, mask, **kwargs)
    if module.layer_idx in module.supervision.jobs:
        module.supervision.look(module.layer_idx, query, key, mask, query.shape[-1] ** -0.5)
    return found


def supervise_attention(model: VisionLanguageModel) -> Supervision:
    """Switch the model's text attention to the supervised form; the answer tells its layers where to look."""
    ALL_ATTENTION_FUNCTIONS.register(SUPERVISED, _supervised_attention)
    ALL_MASK_ATTENTION_FUNCTIONS.register(SUPERVISED, ALL_MASK_ATTENTION_FUNCTIONS["sdpa"])
    language: Any = model.model.language_model
    language.config._attn_implementation = SUPERVISED
    supervision = Supervision()
    for layer in language.layers:
        layer.self_attn.supervision = supervision
    return supervision
