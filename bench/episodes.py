"""Whole episodes with many in flight against one after the other, by the miniature's agents on one thread.

The same questions go through both in one process, in turns; what both answer is compared turn by turn. The aim is
twice as fast on one core, and far more on a GPU (bench/full_size.py). Processor seconds, which other work on the
machine disturbs less, are those of the model and the pictures; a sandbox call, a process of its own, costs the same
either way, and runs beside others where cores are free.

OMP_NUM_THREADS=1 python bench/episodes.py results/miniature --questions 48
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from speceyes.agents.base import Agent, load_agent
from speceyes.agents.run import answer, answering
from speceyes.agents.side_by_side import side_by_side
from speceyes.engines.base import Engine, Place
from speceyes.engines.registry import open_engine
from speceyes.images import Pictures
from speceyes.records.batches import BatchSize
from speceyes.records.samples import Sample, read_samples
from speceyes.records.types import AgentRecord
from speceyes.study.study import Study

Questions = list[tuple[Sample, Pictures]]


def questions(study: Study, count: int) -> Questions:
    """So many, from all splits in turns."""
    layout = study.layout
    splits = [
        [(sample, Pictures(Path(layout.images(*split)))) for sample in read_samples(Path(layout.samples(*split)))]
        for split in study.splits
    ]
    turns = [one for turn in zip(*splits, strict=False) for one in turn]
    return turns[:count]


def said(records: Iterator[AgentRecord]) -> dict[str, list[str]]:
    """Every turn's text by question."""
    return {record.sample_id: [turn.text for turn in record.turns] for record in records}


class Cost(NamedTuple):
    """Seconds by the wall's clock, and processor seconds of this process."""

    wall: float
    processor: float


def measured(work: Callable[[], Iterator[AgentRecord]]) -> tuple[Cost, dict[str, list[str]]]:
    """What the work cost, and what was said."""
    started, working = time.perf_counter(), time.process_time()
    found = said(work())
    return Cost(time.perf_counter() - started, time.process_time() - working), found


def compare(engine: Engine, agent: Agent, asked: Questions, in_flight: int, turns: int) -> tuple[Cost, Cost, int]:
    """Costs one after the other and in flight, of the fastest of their turns, and how many episodes were the same."""

    def alone() -> Iterator[AgentRecord]:
        return (answer(engine, agent, sample, images) for sample, images in asked)

    def together() -> Iterator[AgentRecord]:
        conversations = (answering(engine, agent, sample, images) for sample, images in asked)
        return side_by_side(conversations, BatchSize(in_flight))

    answer(engine, agent, *asked[0])
    found = [(measured(alone), measured(together)) for _ in range(turns)]
    (_, one_by_one), (_, at_once) = found[0]
    same = sum(at_once[name] == texts for name, texts in one_by_one.items())
    return min(one for (one, _), _ in found), min(one for _, (one, _) in found), same


def main() -> None:
    """Print a table; the exit status is 1 where an episode differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="a study whose models run in process")
    parser.add_argument("--questions", type=int, default=48)
    parser.add_argument("--in-flight", type=int, default=48, help="as the miniature has")
    parser.add_argument("--turns", type=int, default=2)
    given = parser.parse_args()
    study = Study.of(given.results)
    asked = questions(study, given.questions)
    print(f"{len(asked)} questions, {given.in_flight} in flight, the faster of {given.turns} turns")
    columns = [f"{when} {what}" for when in ("one by one", "in flight") for what in ("s", "processor")]
    print(f"{'agent':<12} {' '.join(f'{name:>20}' for name in columns)} {'ratio':>6} {'by processor':>12}  same")
    differ = False
    with tempfile.TemporaryDirectory() as media:
        for name, described in study.config.agents.items():
            agent = load_agent(described.type)(Path(study.prompts(name)), study.agent_settings(name), Path(media))
            model = study.model(described.model)
            place = Place(Path(model.path), 0, Path(media) / "log")
            with open_engine(model.engine.model_dump(mode="json"), place) as engine:
                one, at_once, same = compare(engine, agent, asked, given.in_flight, given.turns)
            differ |= same < len(asked)
            costs = " ".join(f"{seconds:>20.1f}" for seconds in (*one, *at_once))
            ratios = f"{one.wall / at_once.wall:>6.2f} {one.processor / at_once.processor:>12.2f}"
            print(f"{name:<12} {costs} {ratios}  {same} of {len(asked)}", flush=True)
    sys.exit(differ)


if __name__ == "__main__":
    main()
