"""A picture of the miniature: questions, targets and answers side by side, to be looked at.

One plain and one tiny target of every kind of question: the original with the target's box and what the agents
looked at, the draft's view, a zoom, and what each model said.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("config/miniature.yaml"), help="models and settings")
    parser.add_argument("--folder", type=Path, default=Path("resources/miniature/build/sheet"), help="working folder")
    parser.add_argument("--output", type=Path, default=Path("docs/miniature.png"), help="the picture")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")

    import torch

    from speceyes.documents import read_yaml
    from speceyes.evaluation.contact_sheet import SEED, SIZES, Sheet
    from speceyes.evaluation.trial import Trial
    from speceyes.study.config import load_config

    torch.set_num_threads(1)
    config = load_config(read_yaml(options.config))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    Sheet(Trial(config, options.folder, SIZES, SEED)).draw(options.output)
