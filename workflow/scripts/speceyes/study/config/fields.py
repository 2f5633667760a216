"""What sections are made of: their base, and the kinds of value that several of them have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

LONGEST_NAME = 64
MAX_SHARDS = MAX_BATCH = 10_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

Value = TypeVar("Value")


def _open_unit(value: float) -> float:
    if not 0 < value < 1:
        raise ValueError("must lie strictly between 0 and 1")
    return value


def _safe_name(name: str) -> str:
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        raise ValueError(
            f"a name is 1 to {LONGEST_NAME} letters, digits, '.', '_' and '-' and begins with a letter or digit"
        )
    return name


def _folder(path: str) -> str:
    if not path.strip() or not path.isprintable() or path.startswith("~") or set(path) & set("{}"):
        raise ValueError("must name a folder; '~' and braces are not filled in here")
    if Path(path).exists() and not Path(path).is_dir():
        raise ValueError("is a file, must be a folder")
    return path


def _distinct(values: tuple[Value, ...]) -> tuple[Value, ...]:
    for position, value in enumerate(values):
        if value in values[:position]:
            raise ValueError(f"{value} stands twice")
    return values


def _form(value: Any) -> str:
    return "[map]" if isinstance(value, dict) else "[one]"


# Names become parts of paths, of rules' wildcards and of tables.
Name = Annotated[str, AfterValidator(_safe_name)]
Folder = Annotated[str, AfterValidator(_folder)]
HubId = Annotated[str, Field(pattern=r"^[\w-][\w.-]*/[\w-][\w.-]*$", max_length=96)]
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Distinct = AfterValidator(_distinct)
Threshold = Annotated[
    float, AfterValidator(_open_unit), Field(json_schema_extra={"exclusiveMinimum": 0, "exclusiveMaximum": 1})
]
TopK = Annotated[int, Field(ge=2)]
Batch = Annotated[int, Field(ge=1, le=MAX_BATCH)]
# One value for all benchmarks, or a map with one for each of some; told apart, so that errors speak of the form given.
PerBenchmark = Annotated[
    Annotated[Value, Tag("[one]")] | Annotated[dict[Name, Value], Tag("[map]")], Discriminator(_form)
]
Shards = Annotated[int, Field(ge=1, le=MAX_SHARDS)]


class Section(BaseModel):
    """A section of the configuration; a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
