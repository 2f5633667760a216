"""What a study pays for starting its model jobs: seconds until one has imported everything and loaded its models.

Seconds are measured on the miniature's models, each in a new process; jobs are counted in the plan of a configuration.

python bench/start_up.py config/miniature.yaml config/config.yaml
"""

from __future__ import annotations

import argparse
from pathlib import Path

from full_size import ROOT, start_up
from speceyes.documents import read_yaml
from speceyes.study.config import load_config
from speceyes.study.plan import Plan
from speceyes.study.study import Study

MODELS = ("draft", "deepeyes", "thyme")


def main() -> None:
    """Print the seconds of each model, and what they come to per study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", type=Path, nargs="+")
    given = parser.parse_args()
    seconds = [start_up(ROOT / "resources" / "miniature" / name) for name in MODELS]
    print("  ".join(f"{name} {taken:.1f} s" for name, taken in zip(MODELS, seconds, strict=True)))
    print(f"{'study':<12} {'model jobs':>10} {'splits':>6} {'start-up s':>10}")
    for path in given.configs:
        study = Study(load_config(read_yaml(path)))
        plan = Plan(study)
        jobs = sum(map(plan.model_jobs, plan.model_rules))
        each = sum(seconds) / len(seconds)
        print(f"{study.name:<12} {jobs:>10} {len(study.splits):>6} {jobs * each:>10.0f}", flush=True)


if __name__ == "__main__":
    main()
