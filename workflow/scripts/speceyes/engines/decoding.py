"""Greedy decoding of a batch whose rows leave it as they end.

transformers' own loop computes every row until the longest has ended. Where a verdict of one token stands beside a
thought of a hundred, that is most of the work.
"""

from __future__ import annotations

from typing import Any

import torch

from speceyes.engines.kv_cache import PlainCache
from speceyes.engines.row_ends import RowEnds
from speceyes.engines.top_k import TopK

# Keys and values of the rows that stay are copied when rows leave: not for a few of them, nor in batches as small as
# the published ones, which a step costs about the same with fewer rows.
STAYING = 0.75
SMALLEST = 8

# Of what a step is told, all that has a row per prompt: the number of the dimension that counts rows.
ROWS_OF = {"attention_mask": 0, "token_type_ids": 0, "mm_token_type_ids": 0, "position_ids": -2}


class Decoding:
    """One batch's decoding loop, as ``generate`` takes it for ``custom_generate``.

    Args:
        ends: of the batch's rows.
        top_k: what is kept of each step.
    """

    def __init__(self, ends: RowEnds, top_k: TopK) -> None:
        self._ends = ends
        self._top_k = top_k

    def __call__(
        self,
        model: Any,
        input_ids: torch.Tensor,
        logits_processor: Any,
        **told: Any,
    ) -> torch.Tensor:
        """Generate until every row has ended; token ids, shape (rows left, tokens).

        Args:
            model: a transformers model with a language modeling head.
            input_ids: left-padded prompts, shape (rows, tokens).
            logits_processor: such as a repetition penalty.
            told: what a forward pass is told beside the token ids.
        """
        del told["stopping_criteria"], told["generation_config"]  # the loop's own, for which ``ends`` stands
        rows = list(range(len(input_ids)))
        asked = model.prepare_inputs_for_generation(input_ids, is_first_iteration=True, **told)
        while True:
            output = model(**asked, return_dict=True)
            told = model._update_model_kwargs_for_generation(output, told)
            chosen = logits_processor(input_ids, output.logits[:, -1].to(torch.float32, copy=True)).argmax(dim=-1)
            self._top_k.take(output.logits, rows)
            del output  # logits of the whole vocabulary
            input_ids = torch.cat([input_ids, chosen[:, None]], dim=-1)
            going_on = self._ends.take(rows, chosen.tolist())
            if not going_on:
                return input_ids
            if len(rows) > SMALLEST and len(going_on) <= STAYING * len(rows) and _may_leave(told):
                rows = [rows[place] for place in going_on]
                places = torch.tensor(going_on, device=input_ids.device)
                input_ids, told = input_ids[places], _of_rows(told, places)
            asked = model.prepare_inputs_for_generation(input_ids, next_sequence_length=1, **told)


def _may_leave(told: dict[str, Any]) -> bool:
    return isinstance(told.get("past_key_values"), PlainCache)


def _of_rows(told: dict[str, Any], places: torch.Tensor) -> dict[str, Any]:
    """What the next steps are told of the rows in these places."""
    told["past_key_values"].batch_select_indices(places)
    return told | {
        name: told[name].index_select(dimension, places)
        for name, dimension in ROWS_OF.items()
        if told.get(name) is not None
    }
