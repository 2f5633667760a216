from types import SimpleNamespace

import pytest
import torch
from speceyes.engines.kv_cache import ROOM, LayerWithRoom, cache_with_room
from transformers import AutoConfig, Gemma3TextConfig, Qwen2Config
from transformers.cache_utils import DynamicLayer


def states(tokens: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    drawn = torch.Generator().manual_seed(seed)
    return tuple(torch.rand((2, 3, tokens, 4), generator=drawn) for _ in range(2))


@pytest.mark.parametrize("steps", [[5] + [1] * (2 * ROOM + 3), [1], [ROOM + 1, 1, ROOM, ROOM + 1], [7, 7, 7]])
def test_keys_and_values_are_those_of_the_stock_layer_after_every_step(steps):
    ours, stock = LayerWithRoom(), DynamicLayer()
    for number, tokens in enumerate(steps):
        given = states(tokens, number)
        for held, expected in zip(ours.update(*given), stock.update(*given), strict=True):
            assert torch.equal(held, expected)
        assert ours.get_seq_length() == stock.get_seq_length()


def test_a_token_more_copies_none_of_those_before():
    layer = LayerWithRoom()
    layer.update(*states(5, 0))
    before = [held.data_ptr() for held in layer.update(*states(1, 1))]
    assert [held.data_ptr() for held in layer.update(*states(1, 2))] == before


def test_rows_that_stay_go_on_as_in_the_stock_layer():
    ours, stock = LayerWithRoom(), DynamicLayer()
    for layer in (ours, stock):
        layer.update(*states(5, 0))
        layer.batch_select_indices(torch.tensor([1]))
    new = tuple(state[1:] for state in states(1, 1))
    for held, expected in zip(ours.update(*new), stock.update(*new), strict=True):
        assert torch.equal(held, expected)


def test_every_generation_has_a_cache_of_its_own(tiny_qwen25_vl):
    config = AutoConfig.from_pretrained(tiny_qwen25_vl)
    first, second = (cache_with_room(config)["past_key_values"] for _ in range(2))
    first.layers[0].update(*states(5, 0))
    assert len(first.layers) == config.get_text_config().num_hidden_layers
    assert (first.get_seq_length(), second.get_seq_length()) == (5, 0)


def test_other_kinds_of_layers_are_left_to_transformers():
    windows = Gemma3TextConfig(num_hidden_layers=2, layer_types=["sliding_attention", "full_attention"])
    assert cache_with_room(windows) == {}
    both = SimpleNamespace(is_encoder_decoder=True, get_text_config=lambda decoder: Qwen2Config(num_hidden_layers=2))
    assert cache_with_room(both) == {}
