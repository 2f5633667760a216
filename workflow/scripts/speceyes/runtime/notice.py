"""Messages of a running job, to its log and to the terminal."""

from __future__ import annotations

import logging
import sys


def notice(line: str) -> None:
    """Write one line to both."""
    logging.warning("%s", line)
    sys.stderr.write(f"\nspeceyes: {line}\n")
