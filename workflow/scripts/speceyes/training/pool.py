"""A pool of rendered training scenes: views and crops as the models will see them, with their labels.

Rendering large originals is the slow part of training, so it is done once. Dots of the pool have
every size from plain down to invisible: the towers learn a continuous scale, of which the benchmarks use
two values.
"""

from __future__ import annotations

import math
import os
import pickle
import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from speceyes.miniature.scenes import GRID, Plate, Scene, Window, as_array, random_scene, render, zoom_window

ORIGINAL = 896
AGENT_VIEW = 224
DRAFT_VIEW = 128
PLATES = 3
CHUNK = 100
HELD_OUT = 200  # scenes, at most
VANISHING = (0.018, 0.07)  # dot radii, in cells, below the plain ones

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Pool:
    """Pictures as models see them: views (n, side, side, 3), crops (n, plates, side, side, 3) and their windows.

    The first ``training`` scenes are for training, the others measure what was learnt.
    """

    scenes: list[Scene]
    draft_views: Pixels
    agent_views: Pixels
    crops: Pixels
    windows: list[list[Window]]

    @property
    def training(self) -> int:
        return len(self.scenes) - min(HELD_OUT, len(self.scenes) // 5)


def cut(image: Image.Image, window: Window) -> Image.Image:
    """The part of an original that a window shows, in whole pixels."""
    scale = image.width / GRID
    left, top, right, bottom = (int(scale * value) for value in window)
    return image.crop((left, top, right, bottom))


def _shrink(image: Image.Image, side: int) -> Pixels:
    return as_array(image.resize((side, side), Image.Resampling.BICUBIC) if image.width != side else image)


def any_radius_scene(rng: random.Random) -> Scene:
    """A scene whose non-plain dots have any vanishing radius, log-uniformly."""
    scene = random_scene(rng, tuple(rng.choice(("plain", "tiny")) for _ in range(PLATES)))
    low, high = map(math.log, VANISHING)
    plates = tuple(
        plate if plate.difficulty == "plain" else replace(plate, dot_radius=math.exp(rng.uniform(low, high)))
        for plate in scene.plates
    )
    return replace(scene, plates=plates)


def benchmark_scene(rng: random.Random) -> Scene:
    """A scene with plain and tiny dots exactly as the benchmarks have them."""
    return random_scene(rng, tuple(rng.choice(("plain", "tiny")) for _ in range(PLATES)))


def _window(rng: random.Random, plate: Plate) -> Window:
    left, top, right, bottom = zoom_window(plate)
    if rng.random() < 0.8:
        return left, top, right, bottom
    dx, dy = rng.uniform(-0.15, 0.15), rng.uniform(-0.15, 0.15)
    return left + dx, top + dy, right + dx, bottom + dy


def _chunk(
    make: Callable[[random.Random], Scene], seed: int
) -> tuple[list[Scene], Pixels, Pixels, Pixels, list[list[Window]]]:
    rng = random.Random(seed)
    scenes = [make(rng) for _ in range(CHUNK)]
    windows = [[_window(rng, plate) for plate in scene.plates] for scene in scenes]
    draft, agent, crops = [], [], []
    for scene, scene_windows in zip(scenes, windows, strict=True):
        original = render(scene, ORIGINAL)
        draft.append(_shrink(original, DRAFT_VIEW))
        agent.append(_shrink(original, AGENT_VIEW))
        crops.append(np.stack([_shrink(cut(original, window), AGENT_VIEW) for window in scene_windows]))
    return scenes, np.stack(draft), np.stack(agent), np.stack(crops), windows


def build_pool(path: Path, make: Callable[[random.Random], Scene], count: int, seed: int) -> None:
    """Render ``count`` scenes (a multiple of 100) from ``seed`` into ``path``, on all cores."""
    seeds = [seed * 1_000_003 + chunk for chunk in range(count // CHUNK)]
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        parts = list(workers.map(partial(_chunk, make), seeds))
    pool = Pool(
        scenes=[scene for part in parts for scene in part[0]],
        draft_views=np.concatenate([part[1] for part in parts]),
        agent_views=np.concatenate([part[2] for part in parts]),
        crops=np.concatenate([part[3] for part in parts]),
        windows=[window for part in parts for window in part[4]],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial_path = path.with_suffix(".part")
    with partial_path.open("wb") as handle:
        pickle.dump(pool, handle, protocol=5)
    partial_path.replace(path)


def load_pool(path: Path) -> Pool:
    """A pool that :func:`build_pool` wrote on this machine."""
    with path.open("rb") as handle:
        pool: Pool = pickle.load(handle)
    return pool
