"""The code and the entries on the guide's page, by their titles."""

from __future__ import annotations

import re
from pathlib import Path

BLOCKS = dict(
    re.findall(
        r'^```\w+ title="([^"]+)"\n(.*?)^```$',
        (Path(__file__).parents[2] / "docs/extending.md").read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
)
