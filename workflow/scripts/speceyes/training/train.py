"""Rebuild the miniature's models from seeds: ``python -m speceyes train-miniature``.

Stages: tokenizer, picture pools, vision towers (1), their features mapped to the language model's word embeddings (2),
language models (3), agents thinking for long (4), looking first (5) and scoring once more (6), judge. Each leaves its
result in the build folder; what is there is not made again, and a stage that was cut off goes on from its last
checkpoint. About three hours of one CPU core.

With ``--adapt FOLDER`` the agents are not made anew: those in the folder are taken up, and stages 5 and 6
alone are done, which is how the shipped agents came to look first.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForImageTextToText, AutoTokenizer, PreTrainedTokenizerBase

from speceyes.miniature.scenes import Scene
from speceyes.training.architectures import VisionLanguageModel, agent_model, draft_model
from speceyes.training.examples import Examples
from speceyes.training.export import export_vision_language_model
from speceyes.training.folding import fold
from speceyes.training.language import ExampleLoss, VisualTokens
from speceyes.training.loop import Schedule, fit, is_finished
from speceyes.training.pool import Pool, any_radius_scene, benchmark_scene, build_pool, load_pool
from speceyes.training.tasks import SCORING_AGAIN
from speceyes.training.tokenizer import build_tokenizer
from speceyes.training.train_judge import train_judge
from speceyes.training.vision import Family, Readouts, TowerLoss, held_out_accuracies, use_linear_patch_embedding

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much training: the default makes the shipped models, ``SMOKE`` only proves that each stage runs."""

    tower_scenes: int = 5000
    example_scenes: int = 3000
    tower_steps: int = 900
    draft_steps: int = 650
    agent_steps: int = 1200
    long_thinking_steps: int = 700
    look_first_steps: int = 400
    scoring_steps: int = 120
    judge_steps: int = 900
    judge_cases: int = 1000
    rows: int = 10


SMOKE = Scale(
    tower_scenes=100,
    example_scenes=100,
    tower_steps=2,
    draft_steps=2,
    agent_steps=2,
    long_thinking_steps=2,
    look_first_steps=2,
    scoring_steps=2,
    judge_steps=2,
    judge_cases=8,
    rows=2,
)
SEEDS = {"towers": 11, "examples": 12, "draft": 1, "agent": 2, "deepeyes": 3, "thyme": 4, "judge": 5}
SEEDS_APART = 100  # of one training from those of the next


@dataclass(frozen=True, slots=True)
class LanguagePhase:
    """What a language model is taught in one go, for how long, and where that is kept."""

    name: str
    schedule: Schedule
    checkpoint: Path


@dataclass(frozen=True, slots=True)
class Build:
    """Where things lie and how much is done."""

    folder: Path
    prompts: Path
    output: Path
    scale: Scale
    device: str
    adapt: Path | None = None
    seed: int = 0

    def seed_of(self, name: str) -> int:
        """The seed of a model's first weights and of the order of its examples; pictures have their own."""
        return SEEDS[name] + SEEDS_APART * self.seed

    @property
    def tokenizer_folder(self) -> Path:
        return self.folder / "tokenizer"

    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer, trained first if need be."""
        if not (self.tokenizer_folder / "tokenizer.json").exists():
            build_tokenizer(self.prompts, self.tokenizer_folder)
        found: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(self.tokenizer_folder)
        return found

    def phases(self, name: str) -> list[LanguagePhase]:
        """Stage 3, and for agents stages 4 to 6; of an agent that is taken up, stages 5 and 6."""
        if name == "draft":
            return [self._phase(name, self.scale.draft_steps, 2e-3)]
        skills = [
            self._phase(name, self.scale.agent_steps, 2e-3),
            self._phase(f"{name} long thinking", self.scale.long_thinking_steps, 1e-3),
        ]
        looking = [self._phase(f"{name} look first", self.scale.look_first_steps, 1e-3)]
        if name in SCORING_AGAIN:
            looking.append(self._phase(f"{name} scoring", self.scale.scoring_steps, 6e-4))
        return looking if self.adapt else skills + looking

    def _phase(self, task: str, steps: int, peak: float) -> LanguagePhase:
        checkpoint = self.folder / f"language_{task.replace(' ', '_')}.pt"
        return LanguagePhase(task, Schedule(steps, peak, weight_decay=0.05), checkpoint)

    def has_output(self, name: str) -> bool:
        """Whether a model's folder is there."""
        return (self.output / name / "model.safetensors").exists()

    def pool(self, name: str, make: Callable[[random.Random], Scene], scenes: int) -> Pool:
        """A pool of pictures, rendered first if need be."""
        path = self.folder / f"{name}.pool"
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

    def taken_up_model(self, folder: Path) -> VisionLanguageModel:
        """A finished model, to be taught more."""
        model: Any = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
        use_linear_patch_embedding(model)
        found: VisionLanguageModel = model.to(self.device)
        return found


def train_tower(build: Build, family: Family) -> Path:
    """Stage 1 for one family; returns the checkpoint."""
    checkpoint = build.folder / f"tower_{family}.pt"
    schedule = Schedule(build.scale.tower_steps, 2e-3)
    if not is_finished(checkpoint, schedule):
        pool = build.pool("towers", any_radius_scene, build.scale.tower_scenes)
        model, readouts = build.fresh_model(family, build.seed_of(family)), Readouts().to(build.device)
        loss = TowerLoss(model, readouts, pool, family, build.seed_of(family))
        fit(f"tower {family}", {"visual": model.model.visual, "readouts": readouts}, loss, schedule, checkpoint)
        log.info("tower %s on held-out scenes: %s", family, held_out_accuracies(model, readouts, pool, family))
    return checkpoint


def seeing_model(build: Build, name: str, family: Family, pool: Pool) -> VisionLanguageModel:
    """Stages 1 and 2: a trained tower whose language model knows nothing yet."""
    tower = torch.load(train_tower(build, family), map_location="cpu", weights_only=True)
    model = build.fresh_model(family, build.seed_of(name))
    model.model.visual.load_state_dict(tower["modules"]["visual"])
    fold(model, build.tokenizer(), pool, family, build.seed_of(name))
    return model


def train_vision_language_model(build: Build, name: str) -> None:
    """A model that sees, taught its phases, then its folder."""
    family: Family = "draft" if name == "draft" else "agent"
    phases = build.phases(name)
    if all(is_finished(c.checkpoint, c.schedule) for c in phases) and build.has_output(name):
        return
    pool = build.pool("examples", benchmark_scene, build.scale.example_scenes)
    tokenizer = build.tokenizer()
    model = build.taken_up_model(build.adapt / name) if build.adapt else seeing_model(build, name, family, pool)
    tokens = VisualTokens(model, pool, family)
    model.model.visual.requires_grad_(False)
    examples = Examples(tokenizer, build.prompts)
    for phase in phases:
        loss = ExampleLoss(
            model,
            examples,
            pool,
            tokens,
            task=phase.name,
            seed=build.seed_of(name),
            rows=build.scale.rows,
        )
        modules = {"model": model, "readouts": loss.readouts}
        fit(phase.name, modules, loss, phase.schedule, phase.checkpoint)
    if name in SCORING_AGAIN:
        average_weights(model, phases[-2].checkpoint)
    export_vision_language_model(model, family, tokenizer, build.tokenizer_folder, build.output / name)


def average_weights(model: VisionLanguageModel, checkpoint: Path) -> None:
    """Make every weight the mean of what it is and what it was at an earlier checkpoint.

    What either training had, and the other lost, the mean has (Wortsman et al. 2022, "Model soups").
    """
    before = torch.load(checkpoint, map_location=model.device, weights_only=True)["modules"]["model"]
    weights: dict[str, torch.Tensor] = model.state_dict()
    model.load_state_dict({name: (weight + before[name]) / 2 for name, weight in weights.items()})


def train(build: Build, name: str) -> None:
    """Make one of the miniature's models, or what is left of it to make.

    Args:
        build: where things lie and how much is done.
        name: ``draft``, ``judge``, or an agent's.
    """
    if name == "judge":
        train_the_judge(build)
    else:
        train_vision_language_model(build, name)


def train_the_judge(build: Build) -> None:
    """The judge's folder."""
    build.tokenizer()
    train_judge(
        build.tokenizer_folder,
        build.prompts / "judge.yaml",
        build.folder / "judge.pt",
        build.output / "judge",
        steps=build.scale.judge_steps,
        seed=build.seed_of("judge"),
        cases=build.scale.judge_cases,
        device=build.device,
    )
