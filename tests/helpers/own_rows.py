"""A benchmark of one's own with five rows, one drawn picture each, and the entry that reads it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from speceyes.miniature.questions import ask_color
from speceyes.miniature.scenes import jpeg_bytes, random_scene, render

READER = "speceyes.benchmarks.own_data:OwnData"
SIDE_PIXELS = 336
ROWS = 5


def own_rows(folder: Path) -> list[dict[str, Any]]:
    """Five rows whose pictures are drawn into ``folder/pictures``."""
    rng = random.Random(16)
    (folder / "pictures").mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    for number in range(ROWS):
        scene = random_scene(rng, ("plain",) * 3)
        question = ask_color(rng, scene.plates[0])
        picture = f"pictures/{number}.jpg"
        (folder / picture).write_bytes(jpeg_bytes(render(scene, SIDE_PIXELS)))
        rows.append(
            {
                "question": question.text,
                "options": list(question.options),
                "answer": question.gold_letter,
                "image": picture,
                "category": question.kind,
            }
        )
    return rows


def write_json_lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path
