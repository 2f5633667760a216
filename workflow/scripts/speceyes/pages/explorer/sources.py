"""Which tables of a study the explorer reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from speceyes.records.passes import Pass, by_cell, by_pass, single
from speceyes.records.samples import read_samples


class _Tables(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SplitTables(_Tables):
    """One split's stored passes; passes of an agent by its name, drafts and confidences by wording."""

    samples: Path
    images: Path
    drafts: dict[str, list[Path]]
    confidences: dict[str, Path]
    screens: dict[str, list[Path]]
    agents: dict[str, list[Path]]
    timing: dict[str, Path]


class StudyTables(_Tables):
    """A whole study: its splits by (benchmark, split), and the tables they share.

    ``answers`` and ``verdicts`` say what both scorers hold of each answer; ``settings`` holds the
    grid of thresholds, the main table's settings and their intervals; ``category_scores`` every system's
    scores by category; ``media`` is the folder of
    the pictures that agents made; ``epsilon`` is the share of accuracy that may be lost against the agent.
    """

    study: str
    comparable: bool
    epsilon: float
    answers: Path
    verdicts: Path
    settings: Path
    category_scores: Path
    media: Path
    splits: dict[tuple[str, str], SplitTables]


def split_tables(
    *,
    samples: Sequence[Path],
    images: Sequence[Path],
    drafts: Iterable[Path],
    confidences: Iterable[Path],
    screens: Iterable[Path],
    agents: Iterable[Path],
    timing: Iterable[Path],
) -> dict[tuple[str, str], SplitTables]:
    """Flat lists of a study's tables by (benchmark, split), grouped by the passes that they say they hold.

    ``samples`` and ``images``, the samples table and picture folder of every split, are in the same order.

    Raises:
        RecordError: a table does not say which pass it holds, or holds one of another stage.
    """
    drafted = by_pass(drafts, "draft", _wording_and_split)
    confident = by_pass(confidences, "confidence", _wording_and_split)
    screened = by_cell(screens, "screen")
    answered = by_cell(agents, "agent")
    timed = by_cell(timing, "timing")
    found = {}
    for table, folder in zip(samples, images, strict=True):
        first = read_samples(table)[0]
        where = (first.benchmark, first.split)
        own = [cell for cell in answered if cell[1:] == where]
        found[where] = SplitTables(
            samples=table,
            images=folder,
            drafts={wording: tables for (wording, split), tables in drafted.items() if split == where},
            confidences={
                wording: single(tables, f"confidences of {'/'.join(where)}")
                for (wording, split), tables in confident.items()
                if split == where
            },
            screens={cell.agent: screened[cell] for cell in own},
            agents={cell.agent: answered[cell] for cell in own},
            timing={cell.agent: single(timed.get(cell, []), f"times of {'/'.join(cell)}") for cell in own},
        )
    return found


def _wording_and_split(held: Pass) -> tuple[str, tuple[str, str]]:
    return str(held.wording), (held.benchmark, held.split)
