"""Where a study's seconds go, by its jobs' logs: seconds of each rule, and how many jobs ran at a time.

A log tells when its job began and ended, the start of its process apart; of a job that ran again, the last run alone.

python bench/where_seconds_go.py results/miniature
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

from job_times import Ran, jobs_that_ran


def seconds(ran: Ran) -> float:
    """How long a job ran."""
    return (ran.ended - ran.begun).total_seconds()


def by_rule(jobs: Sequence[Ran]) -> dict[str, list[float]]:
    """Seconds of each job by its rule, after which logs and their folders are named; the costliest rule first."""
    found: dict[str, list[float]] = defaultdict(list)
    for job in jobs:
        found[job.log.partition("/")[0].removesuffix(".log")].append(seconds(job))
    return dict(sorted(found.items(), key=lambda rule: -sum(rule[1])))


def at_a_time(jobs: Sequence[Ran]) -> Counter[int]:
    """Seconds during which so many jobs ran, from the first one's begin to the last one's end."""
    changes = sorted([(job.begun, 1) for job in jobs] + [(job.ended, -1) for job in jobs])
    found: Counter[int] = Counter()
    running = 0
    for (when, change), (then, _) in pairwise(changes):
        running += change
        found[running] += (then - when).total_seconds()
    return found


def main() -> None:
    """Print a table in Markdown, and what the whole took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    jobs = jobs_that_ran(parser.parse_args().results / "logs")
    if not jobs:
        sys.exit("no log there tells of a job that has ended")
    print("| rule | jobs | seconds |\n|---|---|---|")
    for rule, taken in by_rule(jobs).items():
        print(f"| {rule} | {len(taken)} | {sum(taken):.0f} |")
    running = at_a_time(jobs)
    parts = ", ".join(f"{running[count]:.0f} s with {count}" for count in sorted(running))
    print(f"\n{running.total():.0f} s from the first job's begin to the last one's end: {parts} at a time")


if __name__ == "__main__":
    main()
