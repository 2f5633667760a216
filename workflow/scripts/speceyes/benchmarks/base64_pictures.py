"""Pictures that stand in a table as base64."""

from __future__ import annotations

import base64
import re

from speceyes.benchmarks.base import ADVICE, BenchmarkError
from speceyes.border import border, shown

DATA_URI = re.compile(r"\s*data:[\w/+.;=-]*;base64,", re.IGNORECASE)
NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")
# Some collections write the index of the row that has the same picture, which no encoded picture is as short as.
LONGEST_INDEX = 64


def decoded_picture(text: str, where: str, field: str) -> bytes:
    """The bytes of a picture in base64, which may be wrapped into lines or be a data URI.

    Raises:
        BenchmarkError: not base64, or too short to be a picture.
    """
    uri = DATA_URI.match(text)
    encoded = "".join(text[uri.end() if uri else 0 :].split())
    if foreign := NOT_BASE64.search(encoded):
        raise BenchmarkError(f"{where}: {field} is not base64, it holds {shown(foreign[0])}")
    if len(encoded) <= LONGEST_INDEX:
        raise BenchmarkError(
            f"{where}: {field} is {shown(text)}, no picture in base64 (the index of another row?); "
            "every row must hold its own picture"
        )
    with border(f"{where}: {field} is not base64", BenchmarkError, ADVICE):
        return base64.b64decode(encoded, validate=True)
