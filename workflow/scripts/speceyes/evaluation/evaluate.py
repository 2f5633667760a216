"""Measure the miniature's models on generated answers and write their card: ``python -m speceyes evaluate-miniature``.

Fresh benchmarks are drawn from a seed of the evaluation's own and go through the study's readers,
engine, prompts and agent loops, code in its sandbox. About a quarter of an hour on one CPU core; an
evaluation that was cut off goes on where it stopped, and only what changed since is measured again.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from speceyes.documents import read_yaml
from speceyes.evaluation.card import Card, JudgeCard
from speceyes.evaluation.marking import Marker
from speceyes.evaluation.results_table import write_results
from speceyes.evaluation.trial import Trial
from speceyes.judging.prompts import load_judge_prompts
from speceyes.miniature.generate import Sizes
from speceyes.study.config import Config, load_config
from speceyes.training.train_judge import Conversations, held_out_accuracy

log = logging.getLogger(__name__)

# Neither the study's seed nor one that training draws from.
SEED = 71
SIZES = Sizes(vstar_direct=160, vstar_relative=160, hrbench_questions=48, pope_images=60)
JUDGE_CASES = 1000


def evaluate_judge(config: Config, seed: int, cases: int) -> JudgeCard:
    """The judge's share of right verdicts on cases that its training never draws."""
    folder = Path(config.models[config.judge.model].path)
    prompts = load_judge_prompts(Path(config.prompts) / "judge.yaml")
    conversations = Conversations(AutoTokenizer.from_pretrained(folder), prompts)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return JudgeCard(accuracy=held_out_accuracy(model, conversations, seed, cases), n=cases)


def evaluate(trial: Trial, judge_cases: int) -> Card:
    """Run what has not run yet and mark it all.

    Raises:
        EngineError: a model that is not there.
    """
    trial.prepare()
    marker = Marker(trial)
    draft = marker.draft()
    log.info("draft %s", draft)
    deepeyes = marker.deepeyes(draft)
    log.info("deepeyes %s", deepeyes)
    thyme = marker.thyme(draft)
    log.info("thyme %s", thyme)
    judge = evaluate_judge(trial.config, trial.seed, judge_cases)
    log.info("judge %s", judge)
    samples = trial.samples()
    return Card(
        models=trial.identities(),
        seed=trial.seed,
        sizes=trial.sizes,
        questions=len(samples),
        images=len({sample.image_id for sample in samples}),
        draft=draft,
        deepeyes=deepeyes,
        thyme=thyme,
        judge=judge,
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("config/miniature.yaml"), help="models and settings")
    parser.add_argument("--folder", type=Path, default=Path("resources/miniature/build/trial"), help="working folder")
    parser.add_argument("--output", type=Path, default=Path("resources/miniature/card.json"), help="the card")
    parser.add_argument("--readme", type=Path, default=Path("resources/miniature/README.md"), help="its tables")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; more do not help models this small")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(options.threads)
    config = load_config(read_yaml(options.config))
    card = evaluate(Trial(config, options.folder, SIZES, SEED), JUDGE_CASES)
    options.output.write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    write_results(options.readme, card)
