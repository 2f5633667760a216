"""Scenes of the miniature: grey plates of distinct shapes, each with one coloured dot, plain or tiny.

A scene is laid out on an 8 x 8 grid of cells, independent of any resolution: rendered at 896 px a cell is
112 px wide, in a model's view it is one visual token. Every plate is easy to find; a plain dot is
easy to see in the view, a tiny one vanishes there and shows only in a crop of the original. The
background carries a colour ramp, since a small vision tower needs to see where it is.
"""

from __future__ import annotations

import io
import math
import random
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw

GRID = 8
SHAPES = ("circle", "square", "triangle", "star", "cross", "diamond")
COLORS = {
    "red": (225, 30, 30),
    "green": (25, 165, 45),
    "blue": (40, 60, 225),
    "yellow": (245, 225, 20),
    "purple": (165, 40, 200),
    "cyan": (20, 210, 225),
}
SIDES = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}
Difficulty = Literal["plain", "tiny"]

# Dot radius in cells: at 896 px 17-22 px when plain, 2.2-3 px when tiny (under 0.8 px in a 224 px view).
DOT_RADIUS = {"plain": (0.15, 0.195), "tiny": (0.020, 0.027)}
DOT_OFFSET = 0.21
PLATE_RADIUS = (0.43, 0.49)
JITTER = 0.05
RAMP = 75.0
TEXTURE = 16.0
TEXTURE_GRID = 128


Window = tuple[float, float, float, float]
WHOLE: Window = (0.0, 0.0, float(GRID), float(GRID))


@dataclass(frozen=True, slots=True)
class Plate:
    """One object: its shape, where it is (in cells), and its dot."""

    shape: str
    column: int
    row: int
    x: float
    y: float
    radius: float
    shade: int
    color: str
    side: str
    difficulty: Difficulty
    dot_radius: float

    @property
    def dot(self) -> tuple[float, float]:
        """The dot's centre in cells."""
        dx, dy = SIDES[self.side]
        return self.x + dx * DOT_OFFSET, self.y + dy * DOT_OFFSET


@dataclass(frozen=True, slots=True)
class Scene:
    """Plates on a textured ramp; ``texture_seed`` makes the picture reproducible."""

    plates: tuple[Plate, ...]
    background: int
    texture_seed: int


def random_plate(rng: random.Random, shape: str, column: int, row: int, difficulty: Difficulty) -> Plate:
    """A plate in the given cell with everything else drawn."""
    return Plate(
        shape=shape,
        column=column,
        row=row,
        x=column + 0.5 + rng.uniform(-JITTER, JITTER),
        y=row + 0.5 + rng.uniform(-JITTER, JITTER),
        radius=rng.uniform(*PLATE_RADIUS),
        shade=rng.choice((rng.randint(55, 80), rng.randint(180, 205))),
        color=rng.choice(tuple(COLORS)),
        side=rng.choice(tuple(SIDES)),
        difficulty=difficulty,
        dot_radius=rng.uniform(*DOT_RADIUS[difficulty]),
    )


def random_scene(rng: random.Random, difficulties: tuple[Difficulty, ...]) -> Scene:
    """A scene with one plate per entry of ``difficulties``, of distinct shapes, in cells that never touch."""
    shapes = rng.sample(SHAPES, len(difficulties))
    cells: list[tuple[int, int]] = []
    while len(cells) < len(difficulties):
        cell = (rng.randint(1, GRID - 2), rng.randint(1, GRID - 2))
        if all(max(abs(cell[0] - other[0]), abs(cell[1] - other[1])) >= 2 for other in cells):
            cells.append(cell)
    plates = tuple(
        random_plate(rng, shape, *cell, difficulty)
        for shape, cell, difficulty in zip(shapes, cells, difficulties, strict=True)
    )
    return Scene(plates, rng.randint(125, 165), rng.getrandbits(32))


def _outline(shape: str, x: float, y: float, r: float) -> list[tuple[float, float]]:
    if shape == "square":
        k = 0.85 * r
        return [(x - k, y - k), (x + k, y - k), (x + k, y + k), (x - k, y + k)]
    if shape == "triangle":
        return [(x, y - r), (x + r, y + 0.85 * r), (x - r, y + 0.85 * r)]
    if shape == "diamond":
        return [(x, y - r), (x + 0.75 * r, y), (x, y + r), (x - 0.75 * r, y)]
    if shape == "star":
        spokes = [(r if i % 2 == 0 else 0.5 * r, i * math.pi / 5) for i in range(10)]
        return [(x + length * math.sin(angle), y - length * math.cos(angle)) for length, angle in spokes]
    a = 0.42 * r  # cross
    corners = [
        (-a, -r),
        (a, -r),
        (a, -a),
        (r, -a),
        (r, a),
        (a, a),
        (a, r),
        (-a, r),
        (-a, a),
        (-r, a),
        (-r, -a),
        (-a, -a),
    ]
    return [(x + dx, y + dy) for dx, dy in corners]


def _plates(scene: Scene, size: int, window: Window) -> Image.Image:
    """Plates as flat grey on the scene's grey ground."""
    left, top, right, _ = window
    scale = size / (right - left)
    image = Image.new("L", (size, size), scene.background)
    draw = ImageDraw.Draw(image)
    for plate in scene.plates:
        x, y, r = (plate.x - left) * scale, (plate.y - top) * scale, plate.radius * scale
        if plate.shape == "circle":
            draw.ellipse([x - r, y - r, x + r, y + r], fill=plate.shade)
        else:
            draw.polygon(_outline(plate.shape, x, y, r), fill=plate.shade)
    return image.convert("RGB")


def _light(scene: Scene, size: int, window: Window) -> Image.Image:
    """Ramp and texture around mid-grey, made on a coarse grid and enlarged: cheap, and small as a JPEG."""
    left, top, right, bottom = window
    cells = right - left
    coarse = round(TEXTURE_GRID * cells / GRID)
    u = (np.linspace(left, right, coarse, dtype=np.float32) / GRID - 0.5)[None, :, None]
    v = (np.linspace(top, bottom, coarse, dtype=np.float32) / GRID - 0.5)[:, None, None]
    ramp = RAMP * (u * np.array([1.0, 0.0, -1.0], np.float32) + v * np.array([0.0, 1.1, 0.0], np.float32))
    noise = np.random.default_rng(scene.texture_seed).standard_normal((coarse, coarse, 3), dtype=np.float32)
    pixels = np.clip(128 + ramp + TEXTURE * noise, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR)


def render(scene: Scene, size: int, window: Window = WHOLE) -> Image.Image:
    """The scene, or the part of it in ``window`` (cells: left, top, right, bottom), as a square RGB image."""
    image = ImageChops.add(_plates(scene, size, window), _light(scene, size, window), offset=-128)
    left, top, right, _ = window
    scale = size / (right - left)
    draw = ImageDraw.Draw(image)
    for plate in scene.plates:
        x, y, r = (plate.dot[0] - left) * scale, (plate.dot[1] - top) * scale, plate.dot_radius * scale
        draw.ellipse([x - r, y - r, x + r, y + r], fill=COLORS[plate.color])
    return image


def jpeg_bytes(image: Image.Image) -> bytes:
    """The image as the benchmarks store it."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=93, subsampling=0)
    return buffer.getvalue()


def zoom_window(plate: Plate) -> Window:
    """The plate's cell: what a good zoom shows."""
    return float(plate.column), float(plate.row), plate.column + 1.0, plate.row + 1.0


def dot_token(plate: Plate, window: Window) -> int:
    """Which of a crop's 8 x 8 visual tokens, in reading order, holds the plate's dot."""
    x, y = plate.dot
    left, top, right, bottom = window
    column, row = int((x - left) / (right - left) * GRID), int((y - top) / (bottom - top) * GRID)
    return GRID * min(max(row, 0), GRID - 1) + min(max(column, 0), GRID - 1)


def as_array(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Pixels, (height, width, 3)."""
    return np.asarray(image, dtype=np.uint8)
