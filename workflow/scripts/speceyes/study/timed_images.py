"""How many images of each benchmark are to be timed, by the times of a pilot, or of the study itself."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from speceyes.analysis.proportions import by_image
from speceyes.analysis.timing_plan import Spread, images_needed, pooled, relative_width, spread
from speceyes.method.grid import GridSetting
from speceyes.method.replay import read_replay
from speceyes.records.arrays import Floats
from speceyes.records.passes import Pass
from speceyes.records.samples import read_samples
from speceyes.study.config.timing import TimingConfig
from speceyes.study.plan import Plan
from speceyes.study.study import Study

WIDTH = 0.3  # of a speedup's interval, as a share of the speedup


class PlannedImages(NamedTuple):
    """One agent on one benchmark.

    Args:
        agent: its name.
        benchmark: all splits of it.
        metric: of the main table's funnel whose speedup takes most images.
        seen: images that were timed, of all splits together.
        known: how much they differ.
        level: of the interval.
    """

    agent: str
    benchmark: str
    metric: str
    seen: int
    known: Spread
    level: float


def planned_images(study: Study) -> list[PlannedImages]:
    """Every agent on every benchmark that was timed: of the main table's funnels the one that takes most images."""
    plan = Plan(study)
    level = study.config.statistics.level
    known: dict[tuple[str, str], dict[str, list[Spread]]] = defaultdict(lambda: defaultdict(list))
    for one in plan.select("replay"):
        (table,) = map(Path, plan.tables_of(one))
        if table.exists():
            for metric, seen in _spreads(study, one, table):
                known[one.agent or "", one.benchmark][metric].append(seen)
    found = []
    for (agent, benchmark), metrics in known.items():
        metric, most = max(
            ((name, pooled(seen)) for name, seen in metrics.items()), key=lambda named: named[1].variance
        )
        images = most.freedom + len(metrics[metric])
        found.append(PlannedImages(agent, benchmark, metric, images, most, level))
    return found


def _spreads(study: Study, one: Pass, table: Path) -> Iterator[tuple[str, Spread]]:
    """Of one split by the main table's metrics."""
    seconds = seconds_by_image(table, Path(study.layout.samples(one.benchmark, one.split)))
    agent = seconds.pop("")
    for metric, method in seconds.items():
        yield metric, spread(agent, method)


def seconds_by_image(table: Path, samples: Path) -> dict[str, Floats]:
    """Sums over each timed image's samples, (images,): of the agent, by an empty name, and the main funnels by metric.

    Args:
        table: a replay table.
        samples: its split's samples.
    """
    replay = read_replay(table, ["latency_s", "timed"], _compared)
    images = {sample.sample_id: sample.image_id for sample in read_samples(samples)}
    seconds = replay.columns["latency_s"]
    timed = replay.columns["timed"][0]
    names = np.array([images[name] for name in replay.sample_ids])[timed]
    _, codes = np.unique(names, return_inverse=True)
    sums = by_image(seconds[:, timed].T, codes).T
    return {setting.metric: row for setting, row in zip(replay.settings, sums, strict=True)}


def _compared(setting: GridSetting) -> bool:
    return setting.method == "agent" or (setting.method == "speceyes" and setting.main_table)


def render_images(
    planned: Sequence[PlannedImages], timing: TimingConfig, drawn_from: Mapping[str, int], width: float = WIDTH
) -> str:
    """What to write for ``timing.images``, and the width to expect of what is configured.

    Args:
        planned: every agent on every benchmark that was timed.
        timing: what is configured.
        drawn_from: images of a benchmark's largest split; a benchmark that is not named may have any number.
        width: that is planned for.
    """
    share = f"{width:.0%}"
    head = f"  {'agent':<14} {'benchmark':<12} {'images seen':>11} {'to time':>8}  {'width as configured':>19}"
    needed = [images_needed(one.known, width, one.level) for one in planned]
    rows = [
        f"  {one.agent:<14} {one.benchmark:<12} {one.seen:>11} {_said(images, drawn_from.get(one.benchmark)):>8}  "
        f"{_expected(one, timing.images_of(one.benchmark), drawn_from.get(one.benchmark)):>19}"
        for one, images in zip(planned, needed, strict=True)
    ]
    return "\n".join(
        [f"Images of a split to time for speedups known within {share} of them, upper less lower limit", head, *rows,
         *_to_write([one.benchmark for one in planned], needed, drawn_from)]
    )  # fmt: skip


def _said(images: int | None, known: int | None) -> str:
    if images is None:
        return "unknown"
    return str(images) if known is None or images < known else f"all {known}"


def _to_write(benchmarks: Sequence[str], needed: Sequence[int | None], drawn_from: Mapping[str, int]) -> Iterator[str]:
    """The line of configuration for it: of each benchmark as many as the agent takes that takes most."""
    most: dict[str, int] = {}
    for name, images in zip(benchmarks, needed, strict=True):
        if images is None:
            return
        most[name] = max(images, most.get(name, 0))
    values = {name: "null" if images >= drawn_from.get(name, math.inf) else images for name, images in most.items()}
    if values:
        yield f"  timing: {{images: {{{', '.join(f'{name}: {value}' for name, value in values.items())}}}}}"


def _expected(one: PlannedImages, configured: int | None, known: int | None) -> str:
    if configured is None or (known is not None and configured >= known):
        return "all are timed"
    return f"{relative_width(one.known, configured, one.level):.0%} with {configured}"
