"""The samples table: one typed row per benchmark question, shared by every stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, model_validator

from speceyes.runtime.atomic import whole

LETTERS = "ABCDEFGH"


class Sample(BaseModel):
    """One question about one image, as every model, gate and scorer sees it.

    ``options`` are in the order shown to the models (empty for yes/no questions); ``gold`` is the
    right option's text (or ``yes``/``no``) and ``gold_letter`` its letter, empty without options.
    ``image`` is a file name below the split's image folder and ``image_id`` the SHA-256 of the
    image bytes, or the picture's own name where the benchmark has one: intervals are bootstrapped
    over ``image_id``, since rows share images.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sample_id: Annotated[str, Field(min_length=1)]  # "hrbench/4k/0007", unique within a study
    benchmark: str
    split: str
    question: Annotated[str, Field(min_length=1)]
    options: tuple[str, ...]
    gold: Annotated[str, Field(min_length=1)]
    gold_letter: str
    category: str
    image: str
    image_id: str
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]

    @model_validator(mode="after")
    def _gold_is_an_option(self) -> Sample:
        if self.options:
            if self.gold_letter not in LETTERS[: len(self.options)] or not self.gold_letter:
                raise ValueError(f"gold_letter {self.gold_letter!r} is not one of the options' letters")
            if self.options[LETTERS.index(self.gold_letter)] != self.gold:
                raise ValueError("gold is not the option that gold_letter names")
        elif self.gold_letter:
            raise ValueError("gold_letter without options")
        return self

    @property
    def lettered_options(self) -> tuple[str, ...]:
        """The options as shown: ``("A. red", "B. blue", ...)``."""
        return tuple(f"{letter}. {text}" for letter, text in zip(LETTERS, self.options, strict=False))


SAMPLES_SCHEMA = pa.schema(
    [
        (
            name,
            pa.list_(pa.string()) if name == "options" else pa.int32() if name in ("width", "height") else pa.string(),
        )
        for name in Sample.model_fields
    ]
)


def write_samples(path: Path, samples: list[Sample]) -> None:
    """Write the samples table (one row group; a few MB for the largest split)."""
    rows = [sample.model_dump() | {"options": list(sample.options)} for sample in samples]
    with whole(path) as part:
        pq.write_table(pa.Table.from_pylist(rows, schema=SAMPLES_SCHEMA), part)


def read_sample_ids(path: Path) -> list[str]:
    """The ids alone, in the table's order, whatever its size."""
    ids: list[str] = pq.read_table(path, columns=["sample_id"])["sample_id"].to_pylist()
    return ids


def read_samples(path: Path) -> list[Sample]:
    """Read a samples table in its stored (deterministic) order."""
    return [Sample.model_validate(row) for row in pq.read_table(path).to_pylist()]
