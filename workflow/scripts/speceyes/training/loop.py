"""One training loop for every stage of the miniature: seeded by step, checkpointed, resumable."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

log = logging.getLogger(__name__)

# A stage's loss at a step, with whatever it wants printed; batches are drawn from the step's number
# alone, so that a resumed run sees what an undisturbed one would have seen.
StepLoss = Callable[[int], tuple[torch.Tensor, dict[str, float]]]


@dataclass(frozen=True, slots=True)
class Schedule:
    """AdamW with warm-up and cosine decay."""

    steps: int
    peak: float
    weight_decay: float = 0.02
    warm_up: int = 40
    floor: float = 0.03

    def rate(self, step: int) -> float:
        cosine = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return self.peak * min(1.0, (step + 1) / self.warm_up) * max(self.floor, cosine)


def _groups(modules: Iterable[torch.nn.Module], weight_decay: float) -> list[dict[str, object]]:
    unique = {id(p): p for module in modules for p in module.parameters() if p.requires_grad}
    return [
        {"params": [p for p in unique.values() if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in unique.values() if p.ndim <= 1], "weight_decay": 0.0},
    ]


def fit(
    name: str, modules: Mapping[str, torch.nn.Module], loss_at: StepLoss, schedule: Schedule, checkpoint: Path
) -> None:
    """Train ``modules`` in place; continue from ``checkpoint`` when it is there.

    The checkpoint holds weights, optimizer and step; it is replaced atomically about once a minute and
    at the end, and a finished stage returns at once.
    """
    optimizer = torch.optim.AdamW(_groups(modules.values(), schedule.weight_decay), lr=schedule.peak, betas=(0.9, 0.98))
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        for key, module in modules.items():
            module.load_state_dict(state["modules"][key])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
        log.info("%s: continuing at step %d of %d", name, first, schedule.steps)
    saved = printed = started = time.monotonic()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for step in range(first, schedule.steps):
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate(step)
        loss, facts = loss_at(step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        now = time.monotonic()
        if now - printed > 10 or step + 1 == schedule.steps:
            printed = now
            left = (now - started) / (step + 1 - first) * (schedule.steps - step - 1)
            shown = " ".join(f"{key} {value:.3f}" for key, value in facts.items())
            log.info("%s %d/%d loss %.3f %s (%.0f s left)", name, step + 1, schedule.steps, loss.item(), shown, left)
        if now - saved > 60 or step + 1 == schedule.steps:
            saved = now
            _save(checkpoint, modules, optimizer, step + 1)


def is_finished(checkpoint: Path, schedule: Schedule) -> bool:
    """Whether :func:`fit` has come to the end of its schedule."""
    return (
        checkpoint.exists() and torch.load(checkpoint, map_location="cpu", weights_only=True)["step"] >= schedule.steps
    )


def _save(path: Path, modules: Mapping[str, torch.nn.Module], optimizer: torch.optim.Optimizer, step: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    weights = {key: module.state_dict() for key, module in modules.items()}
    torch.save({"modules": weights, "optimizer": optimizer.state_dict(), "step": step}, part)
    part.replace(path)
