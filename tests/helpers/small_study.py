"""Two of the miniature's benchmarks with few questions: every stage and both agents in a few minutes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock
from workspace import REPOSITORY, Workspace

SIZES = {"vstar_direct": 8, "vstar_relative": 4, "hrbench_questions": 2, "pope_images": 4, "plain": 0.5}
SPLITS = {"vstar": {"direct_attributes": 8}, "pope": {"random": 8}}
BATCHES = [1, 6]
IN_FLIGHT = 4  # fewer than a split has, so that a job can be killed between its samples


def keep_splits(config: dict[str, Any], splits: Mapping[str, Mapping[str, int]]) -> None:
    """Cut a study's configuration down to these splits, in place; SpecReason runs on all of them."""
    config["specreason"].pop("benchmarks", None)
    config["benchmarks"] = {name: config["benchmarks"][name] | {"splits": found} for name, found in splits.items()}
    grid, points = config["grid"], config["operating_points"]
    for section in (grid["thresholds"], grid["batch_sizes"], config["timing"]["images"], *points.values()):
        for name in section.keys() - splits.keys():
            del section[name]


def small_study() -> str:
    """The miniature's configuration cut down; live at batch 1 and at the configured batch.

    The funnel over Thyme words the draft's question itself: see :func:`write_own_wording`.
    """
    config = yaml.safe_load((REPOSITORY / "config" / "miniature.yaml").read_text(encoding="utf-8"))
    config["study"] = "small"
    config["miniature"]["sizes"] = SIZES
    keep_splits(config, SPLITS)
    for agent in ("deepeyes", "thyme"):
        config["models"][agent]["engine"]["concurrency"] = IN_FLIGHT
    config["grid"]["batch_sizes"] = dict.fromkeys(SPLITS, BATCHES)
    config["timing"] = {"images": {"vstar": 2, "pope": 2}}
    config["load"] = {"concurrency": [2], "rates": [6], "questions": 1, "repeats": 1}
    config["live"] = {"metrics": ["min"], "batch_sizes": BATCHES}
    config["agents"]["thyme"]["own_draft_prompts"] = True
    config["specreason"] = {"agents": ["deepeyes"], "variants": ["published"]}
    config["corrected"] = {"images": 2}
    return yaml.safe_dump(config)


def write_own_wording(root: Path) -> None:
    """The draft's prompts for the funnel over Thyme: questions with options worded a little otherwise, others alike."""
    prompts = root / "resources" / "miniature" / "prompts"
    common = (prompts / "draft.yaml").read_text(encoding="utf-8")
    assert "Options: {options}" in common
    (prompts / "draft_thyme.yaml").write_text(
        common.replace("Options: {options}", "Options:{options}"), encoding="utf-8"
    )


def finished_small_study(folder: Path) -> Workspace:
    """The small study run to its end in a folder that several processes ask for; all but the first wait for it."""
    ready = folder.with_suffix(".ready")
    with FileLock(folder.with_suffix(".lock")):
        if not ready.exists():
            study = Workspace.copy(folder, small_study())
            write_own_wording(folder)
            study.snakemake()
            ready.touch()
    return Workspace(folder, folder / "config" / "study.yaml")
