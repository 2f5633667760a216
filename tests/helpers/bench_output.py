"""What the programs of `make bench` print."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from workspace import REPOSITORY


def printed(folder: Path, name: str, *words: str) -> list[list[str]]:
    """The words of each line that a benchmark prints in a folder."""
    command = [sys.executable, str(REPOSITORY / "bench" / name), *words]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nan" not in done.stdout
    return [line.split() for line in done.stdout.splitlines()]
