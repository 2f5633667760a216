"""Which pass a table holds, said inside the table: readers take flat lists of tables and group them by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from speceyes.records.tables import read_provenance
from speceyes.records.types import RecordError

ModelStage = Literal[
    "draft",
    "screen",
    "agent",
    "corrected",
    "specreason",
    "corrected_specreason",
    "timing",
    "live",
]
# The stages that run models, in the order in which they are listed.
MODEL_STAGES: tuple[ModelStage, ...] = get_args(ModelStage)
PassStage = Literal[
    ModelStage,
    "confidence",
    "replay",
]
PASS_KEY = "pass"  # in a table's provenance

# What a stage's passes differ in beside benchmark and split.
NAMES: dict[PassStage, tuple[str, ...]] = {
    "draft": ("wording", "batch"),
    "screen": ("agent", "batch"),
    "agent": ("agent",),
    "corrected": ("agent",),
    "specreason": ("agent", "variant"),
    "corrected_specreason": ("agent",),
    "timing": ("agent",),
    "live": ("agent", "metric", "top_k", "threshold", "batch"),
    "confidence": ("wording", "batch"),
    "replay": ("agent",),
}
_ALL_NAMES = ("agent", "wording", "variant", "metric", "top_k", "threshold", "batch")
COMMON = "draft"  # the wording of the draft alone, and of the funnels over agents that have none of their own

K = TypeVar("K")


class Cell(NamedTuple):
    """One agent on one split of a benchmark."""

    agent: str
    benchmark: str
    split: str


class Pass(BaseModel):
    """One pass over one split: a stage at one choice of all that it may vary in.

    Attributes:
        stage: what was run or computed.
        batch: samples per batch.
        wording: whose words put the draft's question: an agent's, or the common ones.
        variant: SpecReason's variant.
        metric, top_k, threshold: the gate of a live run.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: PassStage
    benchmark: str
    split: str
    agent: str | None = None
    wording: str | None = None
    variant: str | None = None
    metric: str | None = None
    top_k: int | None = None
    threshold: float | None = None
    batch: int | None = None

    @model_validator(mode="after")
    def _has_its_stages_names(self) -> Pass:
        given = tuple(name for name in _ALL_NAMES if getattr(self, name) is not None)
        if set(given) != set(NAMES[self.stage]):
            raise ValueError(
                f"a {self.stage} pass has {', '.join(NAMES[self.stage])}, not {', '.join(given) or 'none'}"
            )
        return self

    @property
    def names(self) -> dict[str, str]:
        """All that tells it from the other passes of its stage, as file names and wildcards spell it."""
        own = {name: str(getattr(self, name)) for name in NAMES[self.stage]}
        return {"benchmark": self.benchmark, "split": self.split} | own

    @property
    def cell(self) -> Cell:
        """Agent, benchmark and split; no agent where the pass serves all of them."""
        return Cell(self.agent or "", self.benchmark, self.split)

    def stamp(self) -> dict[str, Any]:
        """What a table's provenance says of it."""
        return {PASS_KEY: self.model_dump(mode="json", exclude_none=True)}

    def __str__(self) -> str:
        own = [value for name, value in self.names.items() if name in ("agent", "wording", "variant", "metric")]
        marks = {"top_k": "k", "threshold": "t", "batch": "b"}
        numbers = [f"{mark}{self.names[name]}" for name, mark in marks.items() if name in self.names]
        return " ".join([self.stage, *own, f"{self.benchmark}/{self.split}", *numbers])


def read_pass(table: Path) -> Pass:
    """Which pass a table says it holds.

    Raises:
        RecordError: it does not say, or says what no pass can be.
    """
    stamp = read_provenance(table).get(PASS_KEY)
    if stamp is None:
        raise RecordError(f"{table}: does not say which pass it holds; remove it, and it will be made again")
    try:
        return Pass.model_validate(stamp)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, (PASS_KEY, *first["loc"])))
        raise RecordError(f"{table}: {where}: {first['msg'].removeprefix('Value error, ')}") from error


def by_pass(tables: Iterable[Path], stage: PassStage, key: Callable[[Pass], K]) -> dict[K, list[Path]]:
    """Tables of one stage, grouped by what a key takes from their passes, in the order given.

    Raises:
        RecordError: a table does not say which pass it holds, or holds one of another stage.
    """
    groups: dict[K, list[Path]] = {}
    for table in tables:
        held = read_pass(table)
        if held.stage != stage:
            raise RecordError(f"{table}: holds {held}, not a {stage} pass")
        groups.setdefault(key(held), []).append(table)
    return groups


def by_cell(tables: Iterable[Path], stage: PassStage) -> dict[Cell, list[Path]]:
    """Tables of one stage, grouped by agent and split, in the order given.

    Raises:
        RecordError: as :func:`by_pass`.
    """
    return by_pass(tables, stage, lambda held: held.cell)


def in_words_of(cell: Cell, worded: Mapping[tuple[str | None, str, str], list[Path]]) -> list[Path]:
    """Tables of the wording in which the funnel over an agent asks the draft: the agent's own if it has one.

    Args:
        cell: agent and split.
        worded: tables of drafts or confidences by wording, benchmark and split.
    """
    where = (cell.benchmark, cell.split)
    return worded.get((cell.agent, *where)) or worded.get((COMMON, *where), [])


def of_one_pass(tables: Iterable[Path], stage: PassStage) -> list[Path]:
    """Tables of one stage, its shards, that all hold the same pass.

    Raises:
        RecordError: there is none, a table does not say which pass it holds, or two hold different ones.
    """
    groups = list(by_pass(tables, stage, lambda held: held).items())
    if len(groups) != 1:
        found = " and ".join(str(held) for held, _ in groups[:2])
        raise RecordError(f"{stage}: tables of one pass are expected, given {found or 'none'}")
    return groups[0][1]


def single(tables: Sequence[Path], what: str) -> Path:
    """The one table of a kind.

    Raises:
        RecordError: there is none, or several; names what they hold.
    """
    if len(tables) != 1:
        found = f"first {tables[0]}" if tables else "none given"
        raise RecordError(f"{what}: {len(tables)} tables where one is expected, {found}")
    return tables[0]
