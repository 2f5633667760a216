"""Rebuild the miniature's models from seeds: ``python -m speceyes.miniature.train``.

Stages: tokenizer, picture pools, vision towers, language models, judge. Each leaves its result in the
build folder; what is there is not made again, and a stage that was cut off goes on from its last
checkpoint. About an hour and a half on two CPU cores, minutes on a GPU-sized machine.
"""

from __future__ import annotations

import argparse
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from speceyes.miniature.architectures import VisionLanguageModel, agent_model, draft_model
from speceyes.miniature.export import export_vision_language_model
from speceyes.miniature.folding import fold
from speceyes.miniature.language import LessonLoss, visual_tokens
from speceyes.miniature.lessons import Lessons
from speceyes.miniature.pool import Pool, any_radius_scene, benchmark_scene, build_pool, load_pool
from speceyes.miniature.scenes import Scene
from speceyes.miniature.tokenizer import build_tokenizer
from speceyes.miniature.train_judge import train_judge
from speceyes.miniature.training import Schedule, fit, is_finished
from speceyes.miniature.vision import Family, Readouts, TowerLoss, held_out_accuracies, use_linear_patch_embedding

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much training: the default makes the shipped models, ``SMOKE`` only proves that each stage runs."""

    tower_scenes: int = 5000
    lesson_scenes: int = 3000
    tower_steps: int = 900
    draft_steps: int = 650
    agent_steps: int = 1000
    judge_steps: int = 900
    judge_cases: int = 1000
    rows: int = 10


SMOKE = Scale(
    tower_scenes=100,
    lesson_scenes=100,
    tower_steps=2,
    draft_steps=2,
    agent_steps=2,
    judge_steps=2,
    judge_cases=8,
    rows=2,
)
SEEDS = {"towers": 11, "lessons": 12, "draft": 1, "agent": 2, "deepeyes": 3, "thyme": 4, "judge": 5}


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where things lie and how much is done."""

    build: Path
    prompts: Path
    output: Path
    scale: Scale

    @property
    def tokenizer_folder(self) -> Path:
        return self.build / "tokenizer"

    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer, trained first if need be."""
        if not (self.tokenizer_folder / "tokenizer.json").exists():
            build_tokenizer(self.prompts, self.tokenizer_folder)
        found: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(self.tokenizer_folder)
        return found

    def pool(self, name: str, make: Callable[[random.Random], Scene], scenes: int) -> Pool:
        """A pool of pictures, rendered first if need be."""
        path = self.build / f"{name}.pool"
        if not path.exists():
            log.info("rendering %d scenes for the %s", scenes, name)
            build_pool(path, make, scenes, SEEDS[name])
        return load_pool(path)


def _fresh(family: Family, tokenizer: PreTrainedTokenizerBase, seed: int) -> VisionLanguageModel:
    model = (draft_model if family == "draft" else agent_model)(tokenizer, seed)
    use_linear_patch_embedding(model)
    return model


def train_tower(shop: Workshop, family: Family) -> Path:
    """Stage 1 for one family; returns the checkpoint."""
    checkpoint = shop.build / f"tower_{family}.pt"
    schedule = Schedule(shop.scale.tower_steps, 2e-3)
    if not is_finished(checkpoint, schedule):
        pool = shop.pool("towers", any_radius_scene, shop.scale.tower_scenes)
        model, readouts = _fresh(family, shop.tokenizer(), SEEDS[family]), Readouts()
        loss = TowerLoss(model, readouts, pool, family, SEEDS[family])
        fit(f"tower {family}", {"visual": model.model.visual, "readouts": readouts}, loss, schedule, checkpoint)
        log.info("tower %s on held-out scenes: %s", family, held_out_accuracies(model, readouts, pool, family))
    return checkpoint


def train_language(shop: Workshop, name: str) -> None:
    """Stages 2 and 3 for one model, then its folder."""
    family: Family = "draft" if name == "draft" else "agent"
    checkpoint = shop.build / f"language_{name}.pt"
    steps = shop.scale.draft_steps if name == "draft" else shop.scale.agent_steps
    schedule = Schedule(steps, 2e-3, weight_decay=0.05)
    if is_finished(checkpoint, schedule) and (shop.output / name / "model.safetensors").exists():
        return
    tower = torch.load(train_tower(shop, family), weights_only=True)
    pool = shop.pool("lessons", benchmark_scene, shop.scale.lesson_scenes)
    tokenizer = shop.tokenizer()
    model = _fresh(family, tokenizer, SEEDS[name])
    model.model.visual.load_state_dict(tower["modules"]["visual"])
    fold(model, tokenizer, pool, family, SEEDS[name])
    tokens = visual_tokens(model, pool, family)
    model.model.visual.requires_grad_(False)
    lessons = Lessons(tokenizer, shop.prompts)
    loss = LessonLoss(model, lessons, pool, tokens, course=name, seed=SEEDS[name], rows=shop.scale.rows)
    fit(f"language {name}", {"model": model, "readouts": loss.readouts}, loss, schedule, checkpoint)
    export_vision_language_model(model, family, tokenizer, shop.tokenizer_folder, shop.output / name)


def train_the_judge(shop: Workshop) -> None:
    """The judge's folder."""
    shop.tokenizer()
    train_judge(
        shop.tokenizer_folder,
        shop.prompts / "judge.yaml",
        shop.build / "judge.pt",
        shop.output / "judge",
        steps=shop.scale.judge_steps,
        seed=SEEDS["judge"],
        cases=shop.scale.judge_cases,
    )


MODELS = ("draft", "deepeyes", "thyme", "judge")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("resources/miniature/build"), help="intermediate results")
    parser.add_argument("--prompts", type=Path, default=Path("resources/miniature/prompts"), help="prompt files")
    parser.add_argument("--output", type=Path, default=Path("resources/miniature"), help="one folder per model")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), help="which models to make")
    parser.add_argument("--smoke", action="store_true", help="two steps per stage: does everything run?")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(options.threads)
    shop = Workshop(options.build, options.prompts, options.output, SMOKE if options.smoke else Scale())
    for name in options.models:
        if name == "judge":
            train_the_judge(shop)
        else:
            train_language(shop, name)


if __name__ == "__main__":
    main()
