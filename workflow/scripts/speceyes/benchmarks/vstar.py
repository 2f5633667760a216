"""V*: a folder per split with NAME.jpg and NAME.json; the first option is always the right one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from speceyes.benchmarks.base import BenchmarkError, RawRow, text_field
from speceyes.records.samples import LETTERS


class Settings(BaseModel):
    """How V* options are shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    option_order: Literal["published", "rotated"] = Field(
        "published", description="published: as stored, gold is always A; rotated: turned by a seeded hash per sample."
    )
    seed: int = Field(0, description="Seed of the rotation.")


class _Annotation(BaseModel):
    target_object: list[str]
    bbox: list[Annotated[list[float], Field(min_length=4, max_length=4)]]
    question: str
    options: Annotated[list[str | None], Field(min_length=2, max_length=len(LETTERS))]


class VStar:
    """Reader of ``craigwu/vstar_bench``."""

    name: ClassVar[str] = "vstar"
    Settings: ClassVar[type[BaseModel]] = Settings

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        self.settings = Settings.model_validate(settings)

    def rows(self, split: str) -> Iterator[RawRow]:
        """Rows in the order of their file names."""
        folder = self.folder / split
        annotations = sorted(folder.glob("*.json"))
        if not annotations:
            raise BenchmarkError(f"{folder}: no annotations there; run download_dataset or correct the path")
        alone = sorted({path.stem for path in folder.glob("*.jpg")} - {path.stem for path in annotations})
        if alone:
            raise BenchmarkError(f"{folder / alone[0]}.json: annotation is missing; download the dataset again")
        for path in annotations:
            yield self._row(path, split)

    def _row(self, path: Path, split: str) -> RawRow:
        image = path.with_suffix(".jpg")
        if not image.exists():
            raise BenchmarkError(f"{path}: image {image.name} is missing; download the dataset again")
        annotation = _read(path)
        if len(annotation.bbox) != len(annotation.target_object):
            raise BenchmarkError(
                f"{path}: bbox: {len(annotation.bbox)} boxes for {len(annotation.target_object)} targets; "
                "download the dataset again"
            )
        options = [text_field(text, str(path), f"options[{i}]") for i, text in enumerate(annotation.options)]
        turn = self._turn(f"{split}/{path.stem}", len(options))
        return RawRow(
            where=str(path),
            question=text_field(annotation.question, str(path), "question"),
            options=tuple(options[turn:] + options[:turn]),
            gold=options[0],
            gold_letter=LETTERS[(len(options) - turn) % len(options)],
            category=split,
            image=image.read_bytes(),
        )

    def _turn(self, key: str, options: int) -> int:
        if self.settings.option_order == "published":
            return 0
        digest = hashlib.sha256(f"{self.settings.seed} {key}".encode()).digest()
        return int.from_bytes(digest[:4], "big") % options


def _read(path: Path) -> _Annotation:
    try:
        return _Annotation.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "annotation"
        raise BenchmarkError(f"{path}: {field}: {first['msg']}; download the dataset again") from error
    except ValueError as error:
        raise BenchmarkError(f"{path}: not JSON ({error}); download the dataset again") from error
