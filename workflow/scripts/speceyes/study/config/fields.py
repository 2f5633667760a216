"""What sections are made of: their base, and the kinds of value that several of them have."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _open_unit(value: float) -> float:
    if not 0 < value < 1:
        raise ValueError("must lie strictly between 0 and 1")
    return value


Threshold = Annotated[
    float, AfterValidator(_open_unit), Field(json_schema_extra={"exclusiveMinimum": 0, "exclusiveMaximum": 1})
]
TopK = Annotated[int, Field(ge=2)]
Batch = Annotated[int, Field(ge=1)]
Shards = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A section of the configuration; a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
