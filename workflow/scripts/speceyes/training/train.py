"""Rebuild the miniature's models from seeds: ``python -m speceyes.training.train``.

Stages: tokenizer, picture pools, vision towers (1), their knowledge written in the language model's
words (2), language models (3), agents' habits (4), judge. Each leaves its result in the build folder;
what is there is not made again, and a stage that was cut off goes on from its last checkpoint. About
two hours of one CPU core.
"""

from __future__ import annotations

import argparse
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from speceyes.miniature.scenes import Scene
from speceyes.training.architectures import VisionLanguageModel, agent_model, draft_model
from speceyes.training.courses import AGENTS
from speceyes.training.export import export_vision_language_model
from speceyes.training.folding import fold
from speceyes.training.language import LessonLoss, visual_tokens
from speceyes.training.lessons import Lessons
from speceyes.training.pool import Pool, any_radius_scene, benchmark_scene, build_pool, load_pool
from speceyes.training.settings import Schedule, fit, is_finished
from speceyes.training.tokenizer import build_tokenizer
from speceyes.training.train_judge import train_judge
from speceyes.training.vision import Family, Readouts, TowerLoss, held_out_accuracies, use_linear_patch_embedding

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much training: the default makes the shipped models, ``SMOKE`` only proves that each stage runs."""

    tower_scenes: int = 5000
    lesson_scenes: int = 3000
    tower_steps: int = 900
    draft_steps: int = 650
    agent_steps: int = 1200
    habit_steps: int = 700
    judge_steps: int = 900
    judge_cases: int = 1000
    rows: int = 10


SMOKE = Scale(
    tower_scenes=100,
    lesson_scenes=100,
    tower_steps=2,
    draft_steps=2,
    agent_steps=2,
    habit_steps=2,
    judge_steps=2,
    judge_cases=8,
    rows=2,
)
SEEDS = {"towers": 11, "lessons": 12, "draft": 1, "agent": 2, "deepeyes": 3, "thyme": 4, "judge": 5}


@dataclass(frozen=True, slots=True)
class CourseOfStudy:
    """What a language model is taught in one go, for how long, and where that is kept."""

    name: str
    schedule: Schedule
    checkpoint: Path


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where things lie and how much is done."""

    build: Path
    prompts: Path
    output: Path
    scale: Scale
    device: str

    @property
    def tokenizer_folder(self) -> Path:
        return self.build / "tokenizer"

    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer, trained first if need be."""
        if not (self.tokenizer_folder / "tokenizer.json").exists():
            build_tokenizer(self.prompts, self.tokenizer_folder)
        found: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(self.tokenizer_folder)
        return found

    def courses(self, name: str) -> list[CourseOfStudy]:
        """Stage 3, and for agents stage 4."""
        steps = self.scale.draft_steps if name == "draft" else self.scale.agent_steps
        skills = Schedule(steps, 2e-3, weight_decay=0.05)
        found = [CourseOfStudy(name, skills, self.build / f"language_{name}.pt")]
        if name in AGENTS:
            habits = Schedule(self.scale.habit_steps, 1e-3, weight_decay=0.05)
            found.append(CourseOfStudy(f"{name} habits", habits, self.build / f"habits_{name}.pt"))
        return found

    def has_output(self, name: str) -> bool:
        """Whether a model's folder is there."""
        return (self.output / name / "model.safetensors").exists()

    def pool(self, name: str, make: Callable[[random.Random], Scene], scenes: int) -> Pool:
        """A pool of pictures, rendered first if need be."""
        path = self.build / f"{name}.pool"
        if not path.exists():
            log.info("rendering %d scenes for the %s", scenes, name)
            build_pool(path, make, scenes, SEEDS[name])
        return load_pool(path)

    def fresh_model(self, family: Family, seed: int) -> VisionLanguageModel:
        """An untrained model; its weights are the seed's on every device."""
        model: Any = (draft_model if family == "draft" else agent_model)(self.tokenizer(), seed)
        use_linear_patch_embedding(model)
        found: VisionLanguageModel = model.to(self.device)
        return found


def train_tower(shop: Workshop, family: Family) -> Path:
    """Stage 1 for one family; returns the checkpoint."""
    checkpoint = shop.build / f"tower_{family}.pt"
    schedule = Schedule(shop.scale.tower_steps, 2e-3)
    if not is_finished(checkpoint, schedule):
        pool = shop.pool("towers", any_radius_scene, shop.scale.tower_scenes)
        model, readouts = shop.fresh_model(family, SEEDS[family]), Readouts().to(shop.device)
        loss = TowerLoss(model, readouts, pool, family, SEEDS[family])
        fit(f"tower {family}", {"visual": model.model.visual, "readouts": readouts}, loss, schedule, checkpoint)
        log.info("tower %s on held-out scenes: %s", family, held_out_accuracies(model, readouts, pool, family))
    return checkpoint


def train_vision_language_model(shop: Workshop, name: str) -> None:
    """Stages 2 to 4 for one model, then its folder."""
    family: Family = "draft" if name == "draft" else "agent"
    courses = shop.courses(name)
    if all(is_finished(c.checkpoint, c.schedule) for c in courses) and shop.has_output(name):
        return
    tower = torch.load(train_tower(shop, family), map_location="cpu", weights_only=True)
    pool = shop.pool("lessons", benchmark_scene, shop.scale.lesson_scenes)
    tokenizer = shop.tokenizer()
    model = shop.fresh_model(family, SEEDS[name])
    model.model.visual.load_state_dict(tower["modules"]["visual"])
    fold(model, tokenizer, pool, family, SEEDS[name])
    tokens = visual_tokens(model, pool, family)
    model.model.visual.requires_grad_(False)
    lessons = Lessons(tokenizer, shop.prompts)
    for course in courses:
        loss = LessonLoss(model, lessons, pool, tokens, course=course.name, seed=SEEDS[name], rows=shop.scale.rows)
        modules = {"model": model, "readouts": loss.readouts}
        fit(course.name, modules, loss, course.schedule, course.checkpoint)
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
        device=shop.device,
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
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; more do not help models this small")
    parser.add_argument("--device", default="cpu", help="where to train: cpu, or cuda where there is one")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(options.threads)
    shop = Workshop(options.build, options.prompts, options.output, SMOKE if options.smoke else Scale(), options.device)
    for name in options.models:
        if name == "judge":
            train_the_judge(shop)
        else:
            train_vision_language_model(shop, name)


if __name__ == "__main__":
    main()
