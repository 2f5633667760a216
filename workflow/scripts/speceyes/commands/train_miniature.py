"""Rebuild the miniature's models from seeds: about three hours of one CPU core.

A model that was made is not made again, and a stage that was cut off goes on from its last checkpoint. With
--adapt FOLDER the agents in the folder are taken up and taught to look before they answer, which is how the
shipped ones came to do so.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

AGENTS = ("deepeyes", "thyme")
MODELS = ("draft", *AGENTS, "judge")


def main() -> None:
    """Train what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("resources/miniature/build"), help="intermediate results")
    parser.add_argument("--prompts", type=Path, default=Path("resources/miniature/prompts"), help="prompt files")
    parser.add_argument("--output", type=Path, default=Path("resources/miniature"), help="one folder per model")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), help="which models to make")
    parser.add_argument(
        "--adapt", type=Path, metavar="FOLDER", help="teach the agents in FOLDER to look first; needs --models"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="another one makes other models on the same pictures; 0: the shipped ones"
    )
    parser.add_argument("--smoke", action="store_true", help="two steps per stage: does everything run?")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; more do not help models this small")
    parser.add_argument("--device", default="cpu", help="where to train: cpu, or cuda where there is one")
    options = parser.parse_args()
    if options.adapt and not set(options.models) <= set(AGENTS):
        parser.error(f"--adapt is for agents: --models {' '.join(AGENTS)}")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")

    import torch

    from speceyes.training.train import SMOKE, Build, Scale, train

    torch.set_num_threads(options.threads)
    scale = SMOKE if options.smoke else Scale()
    build = Build(options.build, options.prompts, options.output, scale, options.device, options.adapt, options.seed)
    for name in options.models:
        train(build, name)
