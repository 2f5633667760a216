"""What a study will still cost before it runs: downloads, disk, GPU time and memory, judge calls; what is done.

GPU time is that of :mod:`speceyes.study.gpu_hours`, memory that of :mod:`speceyes.study.gpu_memory`, how many images to
time is planned by :mod:`speceyes.study.timed_images`.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from speceyes.judging.scorers import SCORER_NAMES
from speceyes.records.passes import PassStage
from speceyes.study.config.timing import TimingConfig
from speceyes.study.downloads import Downloads
from speceyes.study.gpu_hours import (
    Assumptions,
    ModelJobs,
    PlannedPass,
    StageCost,
    drawn_from,
    load_costs,
    loading_hours,
    model_jobs,
    planned_passes,
    questions_per_image,
    render_hours,
    stage_costs,
    timed_agents,
)
from speceyes.study.gpu_memory import PlannedMemory, card_gigabytes, planned_memory, render_memory
from speceyes.study.pilot import render_pilot
from speceyes.study.plan import Plan
from speceyes.study.study import Study
from speceyes.study.timed_images import WIDTH, PlannedImages, planned_images, render_images

GB = 1e9
BYTES_PER_LOGPROB = 4
ASSUMED = Assumptions()
JUDGED: tuple[PassStage, ...] = ("draft", "agent", "specreason")


@dataclass(frozen=True, slots=True)
class Download:
    """A folder that is there or will be downloaded; ``gigabytes`` None is not known."""

    name: str
    path: Path
    store: Path
    gigabytes: float | None


@dataclass(frozen=True, slots=True)
class Work:
    """All that a configured study has to do."""

    study: str
    results: Path
    downloads: Sequence[Download]
    passes: Sequence[PlannedPass]
    verdicts: Path
    top_k: int
    draft_tokens: int
    timing: TimingConfig
    drawn_from: Mapping[str, int]
    memory: Sequence[PlannedMemory] = ()
    pilot: Sequence[PlannedPass] = ()
    pilot_report: str = ""
    jobs: Sequence[ModelJobs] = ()
    load: Sequence[StageCost] = ()
    images: Sequence[PlannedImages] = ()
    width: float = WIDTH
    assumed: Assumptions = ASSUMED

    @classmethod
    def of(cls, study: Study, pilot: Study | None = None, width: float = WIDTH) -> Work:
        """What a study has to do, and where it would lie if it were done.

        Args:
            study: whose tables price what is left.
            pilot: whose tables price what has none, and plan the images to time.
            width: that a speedup's interval is planned for, as a share of the speedup.
        """
        plan, settings = Plan(study), study.config.draft.settings
        per_image = questions_per_image([pilot, study] if pilot else [study])
        passes = planned_passes(plan, ASSUMED, per_image)
        known = planned_passes(Plan(pilot), ASSUMED, per_image) if pilot else []
        return cls(
            study=study.name,
            results=Path(study.layout.results),
            downloads=_downloads(study),
            passes=passes,
            pilot=known,
            pilot_report=render_pilot(pilot) if pilot else "",
            jobs=model_jobs(plan),
            load=load_costs(plan, ASSUMED, timed_agents([*known, *passes])),
            images=planned_images(pilot or study),
            timing=study.config.timing,
            drawn_from=drawn_from(plan, per_image),
            width=width,
            verdicts=Path(study.layout.verdicts),
            top_k=settings.top_k,
            draft_tokens=settings.max_new_tokens,
            memory=planned_memory(study),
        )


def _downloads(study: Study) -> list[Download]:
    downloads = Downloads(study)
    folders = [(study.config.benchmarks[name].path, downloads.dataset(name)) for name in downloads.datasets]
    folders += [(model.path, downloads.model(name)) for name, model in downloads.models.items()]
    return [
        Download(found.name, Path(path), Path(path).parent / ".downloads" / found.folder_name, found.entry.gigabytes)
        for path, found in folders
    ]


def bytes_to_come(download: Download) -> float | None:
    """Bytes that a download will still fetch; None when its size is not known."""
    if download.path.is_dir() and any(download.path.iterdir()):
        return 0.0
    if download.gigabytes is None:
        return None
    present = sum(path.stat().st_size for path in download.store.rglob("*") if path.is_file())
    return max(download.gigabytes * GB - present, 0.0)


def judge_calls(work: Work) -> int:
    """The most calls that the judge may get: every answer once per scorer; rules and repeated answers lower it.

    Live answers repeat others.
    """
    if work.verdicts.exists():
        return 0
    return len(SCORER_NAMES) * sum(planned.samples for planned in work.passes if planned.holds.stage in JUDGED)


def draft_bytes(work: Work) -> float:
    """What the stored top-K log-probabilities take at most."""
    samples = sum(planned.samples for planned in work.passes if planned.holds.stage == "draft")
    return float(samples * work.draft_tokens * work.top_k * BYTES_PER_LOGPROB)


def render(work: Work) -> str:
    """The whole estimate as text."""
    return "\n\n".join(
        (
            f"Study {work.study}",
            *([work.pilot_report] if work.pilot_report else []),
            _render_bytes(work),
            render_hours(_costs(work), work.jobs, work.assumed),
            *([render_images(work.images, work.timing, work.drawn_from, work.width)] if work.images else []),
            *([render_memory(work.memory, card_gigabytes())] if work.memory else []),
            f"Judge: at most {judge_calls(work)} calls",
        )
    )


def _costs(work: Work) -> list[StageCost]:
    return [*stage_costs(work.passes, work.assumed, work.pilot), *work.load]


def total_hours(work: Work) -> float:
    """GPU-hours still to come, loading included."""
    return sum(cost.hours for cost in _costs(work)) + loading_hours(work.jobs, work.assumed)


def _render_bytes(work: Work) -> str:
    left = {download.name: bytes_to_come(download) for download in work.downloads}
    known = sum(size or 0.0 for size in left.values()) / GB
    unknown = sum(size is None for size in left.values())
    sizes = {name: _size(size) for name, size in left.items()}
    sizes["together"] = f"{known:.2f} GB" + (f" and {unknown} of unknown size" if unknown else "")
    free = shutil.disk_usage(_existing(work.results)).free
    enough = "" if known * GB + draft_bytes(work) < free else ", which is not enough"
    disk = {
        "top-K log-probabilities, at most": _size(draft_bytes(work)),
        "free now": _size(free) + enough,
    }
    return "\n".join(["To download", *_lines(sizes), "", "Disk besides downloads", *_lines(disk)])


def _size(size: float | None) -> str:
    return "size not known" if size is None else "there" if size == 0 else f"{size / GB:.2f} GB"


def _lines(values: Mapping[str, str]) -> list[str]:
    return [f"  {name:<34} {value}" for name, value in values.items()]


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(parent for parent in (path, *path.resolve().parents) if parent.exists())
