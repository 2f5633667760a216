"""Measure the miniature's models on freshly drawn questions and write their card.

About a quarter of an hour of one CPU core. An evaluation that was cut off goes on where it stopped, and
only what changed since is measured again.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path


def main() -> None:
    """Write the card, and its tables in the README beside it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("config/miniature.yaml"), help="models and settings")
    parser.add_argument("--folder", type=Path, default=Path("resources/miniature/build/trial"), help="working folder")
    parser.add_argument("--output", type=Path, default=Path("resources/miniature/card.json"), help="the card")
    parser.add_argument("--readme", type=Path, default=Path("resources/miniature/README.md"), help="its tables")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; more do not help models this small")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")

    import torch

    from speceyes.documents import read_yaml
    from speceyes.evaluation.card import Card
    from speceyes.evaluation.evaluate import JUDGE_CASES, SEED, SIZES, evaluate
    from speceyes.evaluation.results_table import write_results
    from speceyes.evaluation.trial import Trial
    from speceyes.study.config import load_config

    torch.set_num_threads(options.threads)
    config = load_config(read_yaml(options.config))
    card = evaluate(Trial(config, options.folder, SIZES, SEED), JUDGE_CASES)
    if options.output.exists():  # what evaluate-drafts measured
        before = Card.model_validate_json(options.output.read_text(encoding="utf-8"))
        card = card.model_copy(update={"drafts_of_other_seeds": before.drafts_of_other_seeds})
    options.output.write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    write_results(options.readme, card)
