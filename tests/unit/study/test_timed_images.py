"""Images to time, planned from the times of a study that is there: each agent on each benchmark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from configurations import written
from speceyes.analysis.timing_plan import images_needed
from speceyes.method.replay import write_replay
from speceyes.study.config import load_config
from speceyes.study.config.timing import TimingConfig
from speceyes.study.layout import Layout
from speceyes.study.study import Study
from speceyes.study.timed_images import planned_images, render_images
from synthetic_study import SyntheticStudy

ROOT = Path(__file__).parents[3]
SPLITS = {("vstar", "direct_attributes"): 40, ("vstar", "relative_position"): 40, ("pope", "random"): 60}
TIMED = 6
SIZES = {"vstar": 20, "pope": 10}  # images of a split


def paper(folder: Path) -> Study:
    return Study(load_config(written("config.yaml")), Layout(str(folder)))


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Replays of both agents on three of the paper's splits, a few images of each timed."""
    folder = tmp_path_factory.mktemp("pilot")
    written = SyntheticStudy(folder, SPLITS, timed_images=TIMED).write()
    for agent, *where in written.cells:
        table, stamp = written.table("replay", *where, agent=agent)
        write_replay(table, written.passes(agent, *where), written.grid(where[0]), stamp)
    return paper(folder)


def test_splits_of_a_benchmark_are_planned_together_from_all_their_timed_images(pilot):
    found = {(one.agent, one.benchmark): one for one in planned_images(pilot)}
    assert found.keys() == {(agent, name) for agent in ("deepeyes", "thyme") for name in ("vstar", "pope")}
    assert {one.seen for one in found.values() if one.benchmark == "vstar"} == {2 * TIMED}
    assert {one.seen for one in found.values() if one.benchmark == "pope"} == {TIMED}
    assert all(one.known.variance > 0 for one in found.values())


def test_the_plan_and_the_width_of_what_is_configured_are_printed(pilot):
    planned = planned_images(pilot)
    *rows, to_write = render_images(planned, TimingConfig(images={"vstar": 20, "pope": 5}), {}, 0.3).splitlines()[2:]
    for one, row in zip(planned, rows, strict=True):
        assert row.split()[:4] == [one.agent, one.benchmark, str(one.seen), str(images_needed(one.known, 0.3, 0.95))]
        assert re.search(rf"\d+% with {dict(vstar=20, pope=5)[one.benchmark]}$", row)
    most = {
        name: max(images_needed(one.known, 0.3, 0.95) for one in planned if one.benchmark == name) for name in SIZES
    }
    assert TimingConfig.model_validate(yaml.safe_load(to_write)["timing"]).images == most


@pytest.mark.parametrize(("images", "sizes"), [({"vstar": None}, {}), (20, SIZES)])
def test_a_split_is_timed_whole_where_it_has_no_more_images(pilot, images, sizes):
    rows = render_images(planned_images(pilot), TimingConfig(images=images), sizes).splitlines()[2:-1]
    assert all(row.endswith("all are timed") for row in rows)


def test_no_more_images_are_planned_than_a_split_has(pilot):
    *rows, to_write = render_images(planned_images(pilot), TimingConfig(images=5), SIZES).splitlines()[2:]
    for row in rows:
        assert f" all {SIZES[row.split()[1]]} " in row
    assert yaml.safe_load(to_write) == {"timing": {"images": dict.fromkeys(SIZES)}}


def test_a_study_that_nobody_has_timed_is_not_planned(tmp_path):
    assert planned_images(paper(tmp_path)) == []
