"""Measure drafts of other training seeds on the questions of the miniature's card, and put them beside the shipped one.

A draft of seed 1 is made by ``python -m speceyes train-miniature --seed 1 --models draft --output FOLDER``. About two
minutes of one CPU core for each.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path


def main() -> None:
    """Write the drafts into the card, and its tables in the README beside it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--draft",
        nargs=2,
        action="append",
        required=True,
        metavar=("SEED", "FOLDER"),
        help="a training seed and the draft it made; may be given several times",
    )
    parser.add_argument("--config", type=Path, default=Path("config/miniature.yaml"), help="models and settings")
    parser.add_argument("--folder", type=Path, default=Path("resources/miniature/build/trial"), help="working folder")
    parser.add_argument("--card", type=Path, default=Path("resources/miniature/card.json"), help="the card")
    parser.add_argument("--readme", type=Path, default=Path("resources/miniature/README.md"), help="its tables")
    options = parser.parse_args()
    if wrong := [seed for seed, _ in options.draft if not seed.isascii() or not seed.isdigit()]:
        parser.error(f"--draft {wrong[0]}: a seed is a whole number")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")

    import torch

    from speceyes.documents import read_yaml
    from speceyes.evaluation.card import Card
    from speceyes.evaluation.evaluate import evaluate_draft
    from speceyes.evaluation.results_table import write_results
    from speceyes.evaluation.trial import Trial
    from speceyes.study.config import load_config

    torch.set_num_threads(1)
    card = Card.model_validate_json(options.card.read_text(encoding="utf-8"))
    trial = Trial(load_config(read_yaml(options.config)), options.folder, card.sizes, card.seed)
    drafts = {int(seed): evaluate_draft(trial, Path(folder)) for seed, folder in options.draft}
    card = card.model_copy(
        update={"drafts_of_other_seeds": dict(sorted((card.drafts_of_other_seeds | drafts).items()))}
    )
    options.card.write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    write_results(options.readme, card)
