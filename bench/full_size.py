"""Models of the official shapes with random weights: start-up, and answers with many in flight against one by one.

Each model answers prompts with one picture, a fixed number of tokens each, first one after the other, then as batches,
in the same process, with the GPU memory that each batch took. Where there is a GPU the shapes are the official ones (a
2B draft and a 7B agent), but for the vocabulary, which is the miniature's; where there is none, or with --small, they
are the miniature's own.

python bench/full_size.py --in-flight 8 16 32
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

import torch
from PIL import Image
from speceyes.engines.base import Message, Request
from speceyes.engines.in_process import TransformersSettings
from speceyes.engines.transformers_engine import TransformersEngine
from speceyes.images import ImageSettings
from speceyes.runtime.provenance import device
from transformers import AutoConfig, AutoModelForImageTextToText

ROOT = Path(__file__).parents[1]
# Of Qwen3-VL-2B-Instruct and Qwen2.5-VL-7B-Instruct, as their config.json say.
OFFICIAL: dict[str, dict[str, dict[str, Any]]] = {
    "draft": {
        "text_config": {
            "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28, "num_attention_heads": 16,
            "num_key_value_heads": 8, "head_dim": 128, "max_position_embeddings": 32768,
        },
        "vision_config": {
            "patch_size": 16, "depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "num_heads": 16,
            "out_hidden_size": 2048, "deepstack_visual_indexes": [5, 11, 17],
        },
    },
    "deepeyes": {
        "text_config": {
            "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28,
            "num_key_value_heads": 4, "max_position_embeddings": 32768, "layer_types": ["full_attention"] * 28,
        },
        "vision_config": {
            "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 3584,
            "fullatt_block_indexes": [7, 15, 23, 31],
        },
    },
}  # fmt: skip
FACTOR = {"draft": 32, "deepeyes": 28}  # pixels of a token's side
PIXELS = {"draft": (65536, 16777216), "deepeyes": (3136, 12845056)}  # the least and the most of a picture
SECTIONS = {"draft": [24, 20, 20], "deepeyes": [16, 24, 24]}  # of the rotary embedding, a head of 128
TOKENS, PICTURE = 64, (640, 480)


def build(name: str, folder: Path) -> Path:
    """A folder with a model of official shape and random weights, and the miniature's tokenizer."""
    model = describe(name, folder)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(model)).save_pretrained(model)
    torch.set_default_dtype(torch.float32)
    torch.cuda.empty_cache()
    return model


def describe(name: str, folder: Path) -> Path:
    """The folder without weights."""
    source = ROOT / "resources" / "miniature" / name
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    for section, values in OFFICIAL[name].items():
        config[section] |= values
    config["text_config"]["rope_parameters"]["mrope_section"] = SECTIONS[name]
    model = folder / name
    shutil.copytree(source, model, ignore=shutil.ignore_patterns("*.safetensors"))
    (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    processor = model / "preprocessor_config.json"
    least, most = PIXELS[name]
    sizes = {
        "patch_size": config["vision_config"]["patch_size"],
        "size": {"shortest_edge": least, "longest_edge": most},
    }
    processor.write_text(json.dumps(json.loads(processor.read_text(encoding="utf-8")) | sizes), encoding="utf-8")
    return model


def requests(count: int, size: tuple[int, int], tokens: int) -> list[Request]:
    """Prompts that differ, each with a picture of its own."""
    pictures = [Image.new("RGB", size, (number, 255 - number, 128)) for number in range(count)]
    return [
        Request((Message("user", (picture, f"Question {number}: what is it?")),), tokens, ignore_end_of_text=True)
        for number, picture in enumerate(pictures)
    ]


def start_up(model: Path) -> float:
    """Seconds of a new process that imports everything and loads the model."""
    program = (
        "import sys; from pathlib import Path\n"
        "from speceyes.engines.in_process import TransformersSettings\n"
        "from speceyes.engines.transformers_engine import TransformersEngine\n"
        "TransformersEngine(Path(sys.argv[1]), TransformersSettings())\n"
    )
    started = time.perf_counter()
    path = os.pathsep.join([str(ROOT / "workflow" / "scripts"), os.environ.get("PYTHONPATH", "")])
    subprocess.run([sys.executable, "-c", program, str(model)], check=True, env=os.environ | {"PYTHONPATH": path})
    return time.perf_counter() - started


def measure(engine: TransformersEngine, in_flight: Sequence[int], size: tuple[int, int], tokens: int) -> Iterator[str]:
    """Lines of the table, once the largest batch has run; one by one is measured once, as often as the fewest.

    Each time with new pictures: what the model sees in one is kept for as long as that is in use.
    """
    engine.generate(requests(max(in_flight), size, tokens))
    asked = requests(min(in_flight), size, tokens)
    began = time.perf_counter()
    alone = [engine.generate([one])[0] for one in asked]
    one_by_one = (time.perf_counter() - began) / len(alone)
    for count in in_flight:
        asked = requests(count, size, tokens)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        together = engine.generate(asked)
        each = (time.perf_counter() - began) / count
        memory = f"{torch.cuda.max_memory_reserved() / 1e9:.1f}" if torch.cuda.is_available() else "-"
        same = sum(one.text == other.text for one, other in zip(alone, together, strict=False))
        yield (
            f"{one_by_one:>12.2f} {count:>9} {each:>12.3f} {one_by_one / each:>6.1f} {tokens / each:>9.0f} "
            f"{memory:>6}  {same} of {len(alone)}"
        )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--in-flight", type=int, nargs="+", default=[16])
    parser.add_argument("--picture", type=int, nargs=2, default=PICTURE, metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--tokens", type=int, default=TOKENS, help="of an answer")
    parser.add_argument("--small", action="store_true", help="the miniature's shapes, also where there is a GPU")
    given = parser.parse_args()
    small = given.small or not torch.cuda.is_available()
    width, height = given.picture
    pixels = 50176 if small else width * height
    print(f"{device()['name']}, {'the miniature' if small else 'official'} shapes, {given.tokens} tokens per answer")
    print(
        f"{'model':<10} {'start-up s':>10} {'one by one s':>12} {'in flight':>9} {'each s':>12} {'ratio':>6} "
        f"{'tokens/s':>9} {'GB':>6}  same"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in OFFICIAL:
            model = ROOT / "resources" / "miniature" / name if small else build(name, Path(folder))
            began = start_up(model)
            image = ImageSettings(factor=FACTOR[name], min_pixels=pixels, max_pixels=pixels)
            engine = TransformersEngine(model, TransformersSettings(image=image))
            for line in measure(engine, given.in_flight, (width, height), given.tokens):
                print(f"{name:<10} {began:>10.1f} {line}", flush=True)
            del engine


if __name__ == "__main__":
    main()
