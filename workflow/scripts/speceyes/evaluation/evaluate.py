"""Measure the miniature's models on generated answers and write their card: ``python -m speceyes evaluate-miniature``.

Fresh benchmarks are drawn from a seed of the evaluation's own and go through the study's readers,
engine, prompts and agent loops, code in its sandbox. About a quarter of an hour on one CPU core; an
evaluation that was cut off goes on where it stopped, and only what changed since is measured again.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from speceyes.evaluation.card import Card, DraftCard, JudgeCard
from speceyes.evaluation.marking import Marker
from speceyes.evaluation.trial import Trial
from speceyes.judging.prompts import load_judge_prompts
from speceyes.miniature.generate import Sizes
from speceyes.study.config import Config
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


def evaluate_draft(trial: Trial, folder: Path) -> DraftCard:
    """Another draft on the trial's questions, by the same settings.

    Args:
        trial: the questions, and how the study drafts.
        folder: the other draft.

    Raises:
        EngineError: a folder that holds no model.
    """
    config = trial.config
    model = config.models[config.draft.model].model_copy(update={"path": str(folder)})
    other = replace(trial, config=config.model_copy(update={"models": config.models | {config.draft.model: model}}))
    other.prepare()
    return Marker(other).draft()


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
