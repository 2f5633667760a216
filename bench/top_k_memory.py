"""Memory that confidence costs: the top K kept while generating, against keeping every step's full logits.

A Qwen3 language model with the real vocabulary (151,936 tokens) and otherwise tiny layers writes for a
batch of prompts, keeping nothing, the top K, or all logits, each in a process of its own.

python bench/top_k_memory.py [--batch 8] [--tokens 64]
"""

from __future__ import annotations

import argparse
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, cast

import torch
from transformers.models.qwen3.modeling_qwen3 import Qwen3Config, Qwen3ForCausalLM

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from speceyes.engines.base import Request
from speceyes.engines.codec import Codec
from speceyes.engines.decoding import Decoding
from speceyes.engines.row_ends import RowEnds
from speceyes.engines.top_k import TopK

VOCABULARY = 151_936
TOP_K = 128
MIB = 2**20


def peak_growth(keep: str, batch: int, tokens: int) -> int:
    """Bytes by which generation raises this process's peak; ``keep`` is ``nothing``, ``top_k`` or ``logits``."""
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=32,
    )
    model = Qwen3ForCausalLM(config).eval()
    prompt = torch.ones((batch, 8), dtype=torch.long)
    model.generate(prompt, max_new_tokens=2, do_sample=False, pad_token_id=0, eos_token_id=None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kept = TopK(TOP_K if keep == "top_k" else 0)
    ends = RowEnds([Request((), tokens)] * batch, (), cast(Codec, None))  # without stop strings nothing is decoded
    own_loop: dict[str, Any] = {} if keep == "logits" else {"custom_generate": Decoding(ends, kept)}
    with torch.inference_mode():
        result = model.generate(
            prompt,
            min_new_tokens=tokens,
            max_new_tokens=tokens,
            do_sample=False,
            pad_token_id=0,
            eos_token_id=None,
            output_logits=keep == "logits",
            return_dict_in_generate=keep == "logits",
            **own_loop,
        )
    assert len((result.sequences if keep == "logits" else result)[0]) == 8 + tokens
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


def main() -> None:
    """Print bytes per generated token for both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=8, help="prompts at once")
    parser.add_argument("--tokens", type=int, default=64, help="tokens generated for each")
    options = parser.parse_args()
    growth = {}
    for keep in ("nothing", "top_k", "logits"):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            growth[keep] = alone.submit(peak_growth, keep, options.batch, options.tokens).result()
    count = options.batch * options.tokens
    for keep in ("top_k", "logits"):
        more = (growth[keep] - growth["nothing"]) / count
        print(f"{keep:7} peak {growth[keep] / MIB:7.1f} MiB above start, {more:9.0f} bytes a token more than nothing")
    kept = TOP_K * 4
    print(f"kept by design: {kept} bytes a token for K = {TOP_K}, {4 * VOCABULARY} for full logits")
    print(f"full logits over top-K: peak {growth['logits'] / max(growth['top_k'], 1):.1f} times")


if __name__ == "__main__":
    main()
