"""Attention's keys and values while a batch generates, with room for the tokens to come.

transformers copies all that is held for every new token: a sixth of an agent's pass on a CPU.
"""

from __future__ import annotations

from typing import Any

import torch

from speceyes.engines.lean_transformers import DynamicCache, DynamicLayer

ROOM = 128  # tokens


class LayerWithRoom(DynamicLayer):  # type: ignore[no-untyped-call]
    """One layer's keys and values, (batch, heads, tokens, size) each: the filled part of tensors with more room."""

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add the keys and values of new tokens; all that are held."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._rooms = (key_states[..., :0, :], value_states[..., :0, :])
        held = self.get_seq_length()
        keys, values = self._rooms
        self._rooms = (_filled(keys, held, key_states), _filled(values, held, value_states))
        self.keys, self.values = (room[..., : held + key_states.shape[-2], :] for room in self._rooms)
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows alone."""
        held = self.get_seq_length()
        self._rooms = (self._rooms[0][indices], self._rooms[1][indices])
        self.keys, self.values = (room[..., :held, :] for room in self._rooms)


def _filled(room: torch.Tensor, held: int, new: torch.Tensor) -> torch.Tensor:
    """The room, or where it is full a larger one, with the new tokens after those that it held."""
    end = held + new.shape[-2]
    if end > room.shape[-2]:
        larger = new.new_empty((*new.shape[:-2], end + ROOM, new.shape[-1]))
        larger[..., :held, :] = room[..., :held, :]
        room = larger
    room[..., held:end, :] = new
    return room


class PlainCache(DynamicCache):
    """Keys and values alone, of every layer, each row's for itself."""


def cache_with_room(config: Any) -> dict[str, PlainCache]:
    """``past_key_values`` of one generation; nothing for a model with layers that keep anything but keys and values.

    Args:
        config: the model's.
    """
    cache = PlainCache(config=config.get_text_config(decoder=True))
    if config.is_encoder_decoder or any(type(layer) is not DynamicLayer for layer in cache.layers):
        return {}
    cache.layers = [LayerWithRoom() for _ in cache.layers]  # type: ignore[no-untyped-call]
    return {"past_key_values": cache}
