"""How many threads the numerical libraries of this process use."""

from __future__ import annotations

import os

VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def use_threads(count: int) -> None:
    """Bound the threads of the libraries; only those that are imported afterwards read it, torch among them."""
    os.environ |= dict.fromkeys(VARIABLES, str(count))
