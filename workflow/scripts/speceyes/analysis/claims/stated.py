"""The claims as ``config/claims.yaml`` states them: what the paper says and where, and the tests that decide."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from speceyes.analysis.claims.named_tests import TESTS
from speceyes.border import border
from speceyes.documents import DocumentError, read_yaml
from speceyes.method.confidence import Metric


class ClaimError(Exception):
    """A file of claims that cannot be used: one line naming file, claim and field."""


def _known(name: str) -> str:
    if name not in TESTS:
        raise ValueError(f"{name!r} is not among {', '.join(sorted(TESTS))}")
    return name


class _Stated(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClaimTest(_Stated):
    """A named test with the region in which everything that it measures should lie.

    Attributes:
        test: a name of :data:`speceyes.analysis.claims.named_tests.TESTS`.
        at_least: lower end of the region, in the unit of what is measured.
        at_most: upper end.
        against: metrics that the study's own choice is compared with.
    """

    test: Annotated[str, AfterValidator(_known)]
    at_least: Annotated[float, Field(allow_inf_nan=False)] | None = None
    at_most: Annotated[float, Field(allow_inf_nan=False)] | None = None
    against: tuple[Metric, ...] = ()

    @model_validator(mode="after")
    def _region_is_one(self) -> ClaimTest:
        if self.at_least is None and self.at_most is None:
            raise ValueError("a test needs at_least, at_most or both")
        if self.at_least is not None and self.at_most is not None and self.at_least >= self.at_most:
            raise ValueError(f"at_least {self.at_least:g} is not below at_most {self.at_most:g}")
        return self


class Claim(_Stated):
    """One claim of the paper: it holds where all its tests do.

    Attributes:
        claim: in words of our own.
        place: where the paper states it.
        paper: the numbers that it prints, in words.
        tables: the study's tables that the tests are made from.
        tests: what decides; where the study ran nothing that they measure, the claim is undecided.
    """

    number: int = Field(ge=1)
    claim: str = Field(min_length=1)
    place: str = Field(min_length=1)
    paper: str = Field(min_length=1)
    tables: tuple[str, ...] = Field(min_length=1)
    tests: tuple[ClaimTest, ...] = Field(min_length=1)


def read_claims(path: Path) -> tuple[Claim, ...]:
    """The claims of a file, by rising number.

    Raises:
        ClaimError: not such a file, or two claims of one number.
    """
    with border(path, ClaimError):
        try:
            found = TypeAdapter(tuple[Claim, ...]).validate_python(read_yaml(path))
        except DocumentError as error:
            raise ClaimError(str(error)) from error
        numbers = [claim.number for claim in found]
        if not numbers or numbers != sorted(set(numbers)):
            raise ClaimError(f"{path}: claims are numbered from low to high, each once, not {numbers}")
        return found
