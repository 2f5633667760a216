"""What a job says while it goes on: to its log and to the terminal."""

from __future__ import annotations

import logging
import sys


def notice(line: str) -> None:
    """One line."""
    logging.warning("%s", line)
    sys.stderr.write(f"\nspeceyes: {line}\n")
