"""Intervals of speedups against their plan, on the times of a study that has many timed images.

The study's images stand for all there could be. Again and again a few of them are a pilot, from which the number of
images to time is planned; so many are drawn, and their interval is held against its planned width and the ratio of all.

python bench/timing_plan.py results/miniature
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

import numpy as np
from speceyes.analysis.bootstrap import ImageBootstrap
from speceyes.analysis.settings import StatisticsSettings
from speceyes.analysis.timing_plan import images_needed, spread
from speceyes.method.confidence import headline
from speceyes.records.arrays import Floats
from speceyes.study.plan import Plan
from speceyes.study.study import Study
from speceyes.study.timed_images import WIDTH, seconds_by_image

LEAST_IMAGES = 10  # of a split that can stand for more


class Tried(NamedTuple):
    """One plan and what came of it."""

    images: int
    width: float
    covered: bool


def splits(results: Path) -> Iterator[tuple[str, Floats, Floats]]:
    """Every agent's split with enough timed images: its name, and seconds per image under the agent and the funnel."""
    study = Study.of(results)
    plan = Plan(study)
    for one in plan.select("replay"):
        (table,) = map(Path, plan.tables_of(one))
        seconds = seconds_by_image(table, Path(study.layout.samples(one.benchmark, one.split)))
        if len(seconds[""]) >= LEAST_IMAGES:
            yield f"{one.agent} {one.benchmark}/{one.split}", seconds[""], seconds[headline(study.config.grid.metrics)]


def tries(agent: Floats, funnel: Floats, pilot: int, width: float, count: int) -> Iterator[Tried]:
    """Pilots, plans and intervals."""
    generator = np.random.default_rng(0)
    truth = agent.sum() / funnel.sum()
    for number in range(count):
        seen = generator.integers(len(agent), size=pilot)
        images = images_needed(spread(agent[seen], funnel[seen]), width, StatisticsSettings().level)
        assert images is not None  # a pilot has several
        drawn = generator.integers(len(agent), size=images)
        clock = ImageBootstrap(np.arange(images).astype(str), StatisticsSettings(resamples=400, seed=number))
        low, high = (float(limit) for limit in clock.interval(clock.ratios(agent[drawn], funnel[drawn])))
        yield Tried(images, (high - low) / (agent[drawn].sum() / funnel[drawn].sum()), low <= truth <= high)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--width", type=float, default=WIDTH, help="planned, as a share of the speedup")
    parser.add_argument("--pilot", type=int, default=6, help="images of each pilot")
    parser.add_argument("--tries", type=int, default=200)
    given = parser.parse_args()
    print(f"planned width {given.width:.0%}, pilots of {given.pilot} images, {given.tries} of them on each split")
    print(f"{'split':<40} {'images':>6} {'planned':>8} {'width':>6} {'as planned':>10} {'covers':>6}")
    enough = list(splits(given.results))
    if not enough:
        print(f"no split here has {LEAST_IMAGES} timed images; a study with so many (timing.images) shows how plans do")
    for name, agent, funnel in enough:
        found = list(tries(agent, funnel, given.pilot, given.width, given.tries))
        images, widths, covered = (np.array(column) for column in zip(*found, strict=True))
        print(
            f"{name:<40} {len(agent):>6} {np.median(images):>8.0f} {np.median(widths):>6.0%} "
            f"{np.mean(widths <= given.width):>10.0%} {np.mean(covered):>6.0%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
