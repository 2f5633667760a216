"""Preprocessing of an agent's episode on a full-size picture: kept from turn to turn, against made anew in each.

The prompts of every turn are encoded as the engine does it, with a crop more in each; the model itself does not run.

python bench/preprocessing.py [--model resources/miniature/deepeyes] [--turns 6]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from speceyes.engines.base import Message, Request
from speceyes.engines.processors import load_processor
from speceyes.engines.qwen_codec import QwenCodec
from speceyes.images import ImageSettings

SIZES = {"V*": (2250, 1500), "HR-Bench 4K": (4032, 3024), "HR-Bench 8K": (7680, 4320)}
CROP = (0, 0, 800, 600)
# The published size rule, which the miniature's processor would cut to its own.
FULL_SIZE = ImageSettings()


def seconds(codec: QwenCodec, pictures: list[Image.Image], turns: int, keep: bool) -> float:
    """To encode the prompts of all turns; pictures that are not kept are new objects in every turn."""
    started = time.perf_counter()
    for turn in range(1, turns + 1):
        shown = pictures[:turn] if keep else [picture.copy() for picture in pictures[:turn]]
        codec.encode([Request((Message("user", (*shown, "What is it?")),), 1)])
    return time.perf_counter() - started


def main() -> None:
    """Print one line per size of picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("resources/miniature/deepeyes"), help="a model's folder")
    parser.add_argument("--turns", type=int, default=6, help="generations of the episode")
    options = parser.parse_args()
    processor = load_processor(options.model)
    processor.image_processor.size = {"shortest_edge": FULL_SIZE.min_pixels, "longest_edge": FULL_SIZE.max_pixels}
    for name, (width, height) in SIZES.items():
        noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))
        pictures = [noise, *(noise.crop(CROP) for _ in range(options.turns - 1))]
        anew, kept = (seconds(QwenCodec(processor, FULL_SIZE), pictures, options.turns, keep) for keep in (False, True))
        print(f"{name:<12} {options.turns} turns: {anew:6.2f} s anew, {kept:6.2f} s kept, {anew / kept:4.1f} times")


if __name__ == "__main__":
    main()
