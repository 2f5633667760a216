"""The miniature's benchmarks, written from a seed in the official on-disk forms.

Beside them ``scenes.csv`` says for every row what the picture shows, how difficult it is and where
the target lies: for analysis only, no model ever sees it.
"""

from __future__ import annotations

import base64
import csv
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from speceyes.miniature.questions import Question, absent_color, ask_color, ask_presence, ask_side
from speceyes.miniature.scenes import GRID, Difficulty, Plate, Scene, jpeg_bytes, random_scene, render, zoom_window
from speceyes.records.samples import LETTERS

POPE_SPLITS = ("adversarial", "popular", "random")
PLATES = 3


class Sizes(BaseModel):
    """How many questions of each kind; ``plain`` shares are exact up to rounding."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vstar_direct: int = Field(20, gt=0, description="V* direct_attributes: questions, one image each.")
    vstar_relative: int = Field(16, gt=0, description="V* relative_position: questions, one image each.")
    hrbench_questions: int = Field(6, gt=1, description="HR-Bench questions per split, four option rotations each.")
    pope_images: int = Field(12, gt=0, description="POPE images, shared by its three splits.")
    pope_questions: Literal[1, 2] = Field(
        2, description="POPE questions about an image in a split: a yes and a no question, or one of them in turns."
    )
    plain: float = Field(0.55, ge=0, le=1, description="Share of targets that are plain in a model's view.")


BENCHMARKS = ("vstar", "hrbench", "pope")
SIDE_PIXELS = {"vstar": 1344, "hrbench/4k": 1344, "hrbench/8k": 1792, "pope": 896}


@dataclass(frozen=True, slots=True)
class SceneRow:
    """One line of the side table; the box is in original pixels."""

    sample_id: str
    kind: str
    difficulty: Difficulty
    shape: str
    word: str
    gold: str
    x1: int
    y1: int
    x2: int
    y2: int


def _row(sample_id: str, question: Question, side: int) -> SceneRow:
    box = [round(value * side / GRID) for value in zoom_window(question.plate)]
    plate = question.plate
    return SceneRow(sample_id, question.kind, plate.difficulty, plate.shape, question.word, question.gold, *box)


def _difficulties(rng: random.Random, count: int, plain: float) -> list[Difficulty]:
    """Exactly the asked share of plain targets, in random order."""
    plains = round(count * plain)
    found: list[Difficulty] = ["plain" if number < plains else "tiny" for number in range(count)]
    rng.shuffle(found)
    return found


def _scene_about(rng: random.Random, difficulty: Difficulty) -> tuple[Scene, Plate]:
    """A scene and its target; the other plates' dots are plain or tiny by chance."""
    others: list[Difficulty] = [rng.choice(("plain", "tiny")) for _ in range(PLATES - 1)]
    scene = random_scene(rng, (difficulty, *others))
    return scene, scene.plates[0]


def _write_vstar(folder: Path, split: str, count: int, plain: float, rng: random.Random) -> Iterator[SceneRow]:
    (folder / split).mkdir(parents=True)
    side = SIDE_PIXELS["vstar"]
    for number, difficulty in enumerate(_difficulties(rng, count, plain)):
        scene, plate = _scene_about(rng, difficulty)
        question = (ask_color if split == "direct_attributes" else ask_side)(rng, plate)
        row = _row(f"vstar/{split}/{number:04d}", question, side)
        annotation = {
            "target_object": [f"dot on the {plate.shape}"],
            "bbox": [[row.x1, row.y1, row.x2 - row.x1, row.y2 - row.y1]],
            "question": question.text,
            "options": [question.gold, *[option for option in question.options if option != question.gold]],
        }
        name = folder / split / f"miniature_{number:04d}"
        name.with_suffix(".jpg").write_bytes(jpeg_bytes(render(scene, side)))
        name.with_suffix(".json").write_text(json.dumps(annotation, indent=1) + "\n")
        yield row


def _hrbench_lines(
    size: str, count: int, plain: float, rng: random.Random
) -> Iterator[tuple[list[Any], str, SceneRow]]:
    """The fields before the image, the image in base64, and the side table's row."""
    side = SIDE_PIXELS[f"hrbench/{size}"]
    number = 0
    for index, difficulty in enumerate(_difficulties(rng, count, plain)):
        scene, plate = _scene_about(rng, difficulty)
        category = "single" if index % 2 == 0 else "cross"
        question = (ask_color if category == "single" else ask_side)(rng, plate)
        image = base64.b64encode(jpeg_bytes(render(scene, side))).decode()
        for turn in range(4):
            options = question.options[turn:] + question.options[:turn]
            letter = LETTERS[options.index(question.gold)]
            line = [number, question.text, letter, category, *options, turn]
            yield line, image, _row(f"hrbench/{size}/{number:04d}", question, side)
            number += 1


def _write_hrbench(folder: Path, size: str, count: int, plain: float, rng: random.Random) -> Iterator[SceneRow]:
    folder.mkdir(parents=True, exist_ok=True)
    header = ["index", "question", "answer", "category", "A", "B", "C", "D", "cycle_category", "image"]
    with (folder / f"hr_bench_{size}.tsv").open("w", newline="") as handle:
        handle.write("\t".join(header) + "\n")
        # A writer would look at every character of an image for one to quote, and base64 has none.
        writer = csv.writer(handle, delimiter="\t", lineterminator="\t")
        for line, image, row in _hrbench_lines(size, count, plain, rng):
            writer.writerow(line)
            handle.write(f"{image}\n")
            yield row


def _write_pope(folder: Path, sizes: Sizes, rng: random.Random) -> Iterator[SceneRow]:
    """Yes and no questions; the splits differ in how the absent colour is chosen."""
    (folder / "Full").mkdir(parents=True)
    side = SIDE_PIXELS["pope"]
    scenes = [_scene_about(rng, difficulty) for difficulty in _difficulties(rng, sizes.pope_images, sizes.plain)]
    images = [jpeg_bytes(render(scene, side)) for scene, _ in scenes]
    for turn, split in enumerate(POPE_SPLITS):
        lines: list[dict[str, Any]] = []
        for index, (scene, plate) in enumerate(scenes):
            both = (plate.color, absent_color(rng, scene, plate, split))
            for asked in both if sizes.pope_questions == 2 else (both[(index + turn) % 2],):
                question = ask_presence(plate, asked)
                number = len(lines)
                source = f"miniature_{index:04d}"
                lines.append(
                    {
                        "id": str(number),
                        "question_id": str(number + 1),
                        "question": question.text,
                        "answer": question.gold,
                        "image_source": source,
                        "image": {"bytes": images[index], "path": f"{source}.jpg"},
                        "category": split,
                    }
                )
                yield _row(f"pope/{split}/{number:04d}", question, side)
        pq.write_table(pa.Table.from_pylist(lines), folder / "Full" / f"{split}-00000-of-00001.parquet")


def write_benchmarks(folder: Path, sizes: Sizes, seed: int) -> None:
    """Write ``vstar/``, ``hrbench/``, ``pope/`` and ``scenes.csv`` below ``folder``, which must not hold them yet.

    The same sizes and seed give the same bytes, on any number of cores: every part has draws of its own.
    """

    def draws(name: str) -> random.Random:
        return random.Random(f"{seed} {name}")

    plain, by_split = sizes.plain, {"direct_attributes": sizes.vstar_direct, "relative_position": sizes.vstar_relative}
    parts: list[Iterator[SceneRow]] = [
        *(_write_vstar(folder / "vstar", split, n, plain, draws(f"vstar {split}")) for split, n in by_split.items()),
        *(
            _write_hrbench(folder / "hrbench", size, sizes.hrbench_questions, plain, draws(f"hrbench {size}"))
            for size in ("4k", "8k")
        ),
        _write_pope(folder / "pope", sizes, draws("pope")),
    ]
    with ThreadPoolExecutor() as side_by_side:
        rows: list[SceneRow] = list(chain.from_iterable(side_by_side.map(list, parts)))
    with (folder / "scenes.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(SceneRow.__dataclass_fields__), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
