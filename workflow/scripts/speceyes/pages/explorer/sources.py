"""Which tables of a study the explorer reads."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

PAGE_SAMPLES = 9000  # a study with more gets one page per benchmark


class _Tables(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SplitTables(_Tables):
    """One split's stored passes; batched passes by batch size, passes of an agent by its name."""

    samples: Path
    images: Path
    drafts: dict[int, list[Path]]
    confidences: dict[int, Path]
    screens: dict[str, dict[int, list[Path]]]
    agents: dict[str, list[Path]]


class StudyTables(_Tables):
    """A whole study: its splits by (benchmark, split), and the tables they share.

    ``answers`` and ``verdicts`` say what both scorers hold of each answer; ``settings`` holds the
    grid of thresholds, the main table's settings and their intervals; ``media`` is the folder of
    the pictures that agents made.
    """

    study: str
    comparable: bool
    answers: Path
    verdicts: Path
    settings: Path
    media: Path
    splits: dict[tuple[str, str], SplitTables]
