"""Golden texts: compared with the files in ``snapshots/``, rewritten by ``UPDATE_SNAPSHOTS=1 pytest``."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "unit" / "snapshots"


def assert_is_snapshot(name: str, text: str) -> None:
    """The text is the stored one, to the byte; the file has one more newline at its end."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    assert f"{text}\n" == path.read_text(encoding="utf-8")
