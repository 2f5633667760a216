"""How long Snakemake plans: the paper's study, and one of ten agents on ten benchmarks, of which nothing is there yet.

Both are dry runs of the whole workflow in an empty folder. Aimed at on two cores: 10 s and 60 s.

python bench/planning.py
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[1]
TEN = range(10)
READER = "speceyes.benchmarks.own_data:OwnData"
COLUMNS = {"question": "question", "options": "options", "answer": "answer", "image": "image"}


def ten_by_ten(folder: Path) -> dict[str, Any]:
    """The miniature's configuration with ten agents of both kinds and ten benchmarks of one's own."""
    config: dict[str, Any] = yaml.safe_load((REPOSITORY / "config" / "miniature.yaml").read_text(encoding="utf-8"))
    prompts, data = folder / "prompts", folder / "data"
    shutil.copytree(REPOSITORY / config["prompts"], prompts)
    data.mkdir()
    kinds = list(config["agents"])
    chosen = {f"agent{number}": kinds[number % len(kinds)] for number in TEN}
    for name, kind in chosen.items():
        shutil.copyfile(prompts / f"{kind}.yaml", prompts / f"{name}.yaml")
    for name in ("miniature", "operating_points", "timing", "load"):
        config.pop(name, None)
    for model in config["models"].values():
        model["path"] = str(REPOSITORY / model["path"])
    benchmark = {"reader": READER, "path": str(data), "splits": {"test": 100}, "settings": COLUMNS}
    return config | {
        "study": "ten",
        "prompts": str(prompts),
        "agents": {name: config["agents"][kind] for name, kind in chosen.items()},
        "benchmarks": {f"benchmark{number}": benchmark for number in TEN},
        "specreason": {"agents": list(chosen), "variants": ["published", "corrected"]},
        "grid": {"metrics": config["grid"]["metrics"], "top_k": config["grid"]["top_k"]},
    }


def planned(config: Path, folder: Path) -> tuple[float, int]:
    """Seconds of one dry run, and the jobs that it plans."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "2", "--workflow-profile", "none"]
    command += ["--snakefile", str(REPOSITORY / "workflow" / "Snakefile"), "--directory", str(folder)]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, "--configfile", str(config)],
        env=os.environ | {"HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    jobs = re.findall(r"^total +(\d+)$", done.stdout, re.MULTILINE)
    if done.returncode or not jobs:
        raise SystemExit(done.stdout[-1000:] + done.stderr[-1000:])
    return seconds, int(jobs[-1])


def main() -> None:
    """Print one line per study, and their ratio."""
    with TemporaryDirectory(prefix="planning-") as temporary:
        folder = Path(temporary)
        large = folder / "ten.yaml"
        large.write_text(yaml.safe_dump(ten_by_ten(folder)), encoding="utf-8")
        times = []
        for name, config in (("the paper's", REPOSITORY / "config" / "config.yaml"), ("10 x 10", large)):
            seconds, jobs = planned(config, folder)
            times.append(seconds)
            print(f"{name:<12} {jobs:>6} jobs planned in {seconds:6.1f} s")
        print(f"ratio {times[1] / times[0]:.1f}")


if __name__ == "__main__":
    main()
