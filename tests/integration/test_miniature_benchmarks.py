"""The miniature's benchmarks: official forms, same bytes from the same seed, pictures that show what is said."""

import csv
import hashlib
import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image
from speceyes.benchmarks.base import load_reader
from speceyes.benchmarks.index import build_index
from speceyes.miniature.generate import Sizes, write_benchmarks
from speceyes.miniature.questions import absent_color
from speceyes.miniature.scenes import COLORS, random_scene
from speceyes.records.samples import read_samples
from speceyes.study.config import load_config

REPOSITORY = Path(__file__).parents[2]
SIZES = Sizes(vstar_direct=12, vstar_relative=6, hrbench_questions=4, pope_images=10, plain=0.5)
SEED = 9


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmarks")
    write_benchmarks(folder, SIZES, SEED)
    return folder


@pytest.fixture(scope="module")
def samples(folder, tmp_path_factory):
    """All questions through the study's readers, by sample id, and the images' folder."""
    images = tmp_path_factory.mktemp("index")
    found = {}
    config = load_config(yaml.safe_load((REPOSITORY / "config/miniature.yaml").read_text()))
    for name, benchmark in config.benchmarks.items():
        reader = load_reader(benchmark.reader)(folder / name, benchmark.settings)
        for split in benchmark.splits:
            build_index(reader, name, split, images / "samples.parquet", images)
            found |= {sample.sample_id: sample for sample in read_samples(images / "samples.parquet")}
    return found, images


@pytest.fixture(scope="module")
def scenes(folder):
    with (folder / "scenes.csv").open(newline="") as handle:
        return list(csv.DictReader(handle))


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_one_seed_gives_the_same_bytes_and_another_seed_other_pictures(folder, tmp_path):
    write_benchmarks(tmp_path / "again", SIZES, SEED)
    assert digests(tmp_path / "again") == digests(folder)
    write_benchmarks(tmp_path / "other", SIZES, SEED + 1)
    pictures = [{d for name, d in digests(f).items() if name.endswith("jpg")} for f in (folder, tmp_path / "other")]
    assert len(pictures[0]) == 18
    assert pictures[0].isdisjoint(pictures[1])


def test_the_studys_readers_take_every_row_and_the_side_table_speaks_of_the_same(samples, scenes):
    found, _ = samples
    assert len(found) == 12 + 6 + 2 * 4 * 4 + 3 * 10 * 2
    assert [row["sample_id"] for row in scenes] == list(found)
    for row in scenes:
        sample = found[row["sample_id"]]
        assert sample.gold == row["gold"]
        assert row["shape"] in sample.question


def test_the_sizes_and_the_share_of_plain_targets_are_those_asked_for(scenes):
    by_split = {}
    for row in scenes:
        by_split.setdefault(row["sample_id"].rpartition("/")[0], []).append(row["difficulty"])
    assert {split: len(rows) for split, rows in by_split.items()} == {
        "vstar/direct_attributes": 12,
        "vstar/relative_position": 6,
        "hrbench/4k": 16,
        "hrbench/8k": 16,
        "pope/adversarial": 20,
        "pope/popular": 20,
        "pope/random": 20,
    }
    for split, difficulties in by_split.items():
        plain = Counter(difficulties)["plain"]
        assert abs(plain / len(difficulties) - SIZES.plain) <= 1 / 9, split


def test_the_target_box_shows_the_dot_and_only_the_plain_one_is_seen_in_a_small_view(samples, scenes):
    """Pixels near the dot's colour inside the box; in the draft's view the tiny one has none left."""
    found, images = samples
    for row in scenes:
        if row["kind"] == "side":
            continue
        picture = Image.open(images / found[row["sample_id"]].image)
        color = np.array(COLORS[row["word"]])
        box = tuple(int(row[corner]) for corner in ("x1", "y1", "x2", "y2"))
        assert near(picture.crop(box), color) > 0, row
        view = picture.resize((128, 128), Image.Resampling.BICUBIC)
        small = tuple(value * 128 // picture.width for value in box)
        assert (near(view.crop(small), color) > 0) == (row["difficulty"] == "plain"), row


def near(picture: Image.Image, color: np.ndarray) -> int:
    return int((np.abs(np.asarray(picture, dtype=int) - color).max(axis=-1) < 40).sum())


def test_pope_asks_yes_and_no_of_every_picture(samples):
    found, _ = samples
    pope = [sample for sample in found.values() if sample.benchmark == "pope"]
    assert Counter(sample.gold for sample in pope) == {"yes": len(pope) // 2, "no": len(pope) // 2}
    assert len({sample.image_id for sample in pope}) == SIZES.pope_images


def test_popes_absent_colours_are_shown_nowhere_or_by_another_dot():
    """Random asks for what no dot shows, adversarial for what another dot shows, a plain one's where it can."""
    rng = random.Random(1)
    for _ in range(200):
        scene = random_scene(rng, ("tiny", "plain", "tiny"))
        plate, plain, tiny = scene.plates
        assert absent_color(rng, scene, plate, "random") not in {dot.color for dot in scene.plates}
        assert absent_color(rng, scene, plate, "popular") != plate.color
        asked = absent_color(rng, scene, plate, "adversarial")
        assert asked != plate.color
        if plain.color != plate.color:
            assert asked == plain.color
        elif tiny.color != plate.color:
            assert asked == tiny.color


def test_vstars_first_option_is_right(folder):
    for path in sorted((folder / "vstar/direct_attributes").glob("*.json")):
        annotation = json.loads(path.read_text())
        assert len(annotation["options"]) == len(set(annotation["options"])) == 4
        assert annotation["options"][0] in COLORS


def test_hrbench_asks_each_question_in_four_rotations(samples):
    found, _ = samples
    rows = [sample for sample in found.values() if sample.split == "4k"]
    for start in range(0, len(rows), 4):
        turns = rows[start : start + 4]
        assert {sample.gold_letter for sample in turns} == set("ABCD")
        assert len({(sample.question, sample.gold, sample.image_id) for sample in turns}) == 1


def test_existing_benchmarks_are_not_written_over(folder):
    with pytest.raises(FileExistsError):
        write_benchmarks(folder, SIZES, SEED)


def test_one_pope_question_about_an_image_is_a_yes_and_a_no_in_turns(tmp_path):
    sizes = SIZES.model_copy(update={"pope_images": 4, "pope_questions": 1})
    write_benchmarks(tmp_path / "b", sizes, SEED)
    answers = {
        split: pq.read_table(tmp_path / f"b/pope/Full/{split}-00000-of-00001.parquet").column("answer").to_pylist()
        for split in ("adversarial", "popular")
    }
    assert answers == {"adversarial": ["yes", "no", "yes", "no"], "popular": ["no", "yes", "no", "yes"]}
