"""The miniature's models behind the real vLLM, on the CPU, as configurations name them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from speceyes.study.config import Config

REPOSITORY = Path(__file__).parents[2]
KV_CACHE = 128 * 2**20  # bytes; prompts of the miniature take a few thousand tokens
COMMAND = [
    str(REPOSITORY / ".venv-vllm/bin/python"), "-m", "vllm.entrypoints.openai.api_server",
    "--model={model}", "--host=127.0.0.1", "--port={port}", "--served-model-name={name}", "--max-logprobs=-1",
    "--enforce-eager", "--dtype=float32", "--max-model-len=4096", f"--kv-cache-memory-bytes={KV_CACHE}",
]  # fmt: skip
ENVIRONMENT = {
    "PYTHONPATH": str(REPOSITORY / "tests/vllm/operators"),
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "OMP_NUM_THREADS": "2",
    "TORCHDYNAMO_DISABLE": "1",
}


def server(name: str) -> dict[str, Any]:
    """How a model is served under a name: section ``judge.server``, and part of every served model's."""
    return {"command": COMMAND, "environment": ENVIRONMENT, "served_name": name}


def served_model(config: Config, name: str) -> dict[str, Any]:
    """The ``engine`` section of a model that the miniature's configuration runs in process, served."""
    return {"type": "server", "image": config.models[name].engine.image.model_dump()} | server(name)
