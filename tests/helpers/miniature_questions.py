"""The miniature's configuration, and questions of its kinds drawn afresh, for tests that ask its models."""

from __future__ import annotations

from pathlib import Path

import yaml
from speceyes.benchmarks.base import load_reader
from speceyes.benchmarks.index import build_index
from speceyes.miniature.generate import Sizes, write_benchmarks
from speceyes.records.samples import Sample, read_samples
from speceyes.study.config import Config, load_config

REPOSITORY = Path(__file__).parents[2]
SPLITS = (("vstar", "direct_attributes"), ("vstar", "relative_position"), ("pope", "adversarial"))


def miniature_config() -> Config:
    """The miniature's configuration as the repository has it."""
    return load_config(yaml.safe_load((REPOSITORY / "config/miniature.yaml").read_text()))


def drawn_questions(config: Config, folder: Path, vstar: int) -> tuple[list[Sample], Path]:
    """So many questions of either V* kind and three of POPE's adversarial ones, and their pictures' folder."""
    write_benchmarks(
        folder / "b", Sizes(vstar_direct=vstar, vstar_relative=vstar, hrbench_questions=2, pope_images=3), seed=13
    )
    found: list[Sample] = []
    for name, split in SPLITS:
        reader = load_reader(config.benchmarks[name].reader)(folder / "b" / name, {})
        build_index(reader, name, split, folder / "samples.parquet", folder / "images")
        found += read_samples(folder / "samples.parquet")
    return found, folder / "images"
