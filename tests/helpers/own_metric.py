"""A confidence metric as a user writes one: a module of their own beside the study."""

from __future__ import annotations

from pathlib import Path

NAME = "steadiness"
SOURCE = '''"""Share of an answer's tokens whose probability is above one half."""

import numpy as np


def steadiness(top_logprobs):
    return float((np.exp(top_logprobs[:, 0]) > 0.5).mean() * np.exp(top_logprobs[:, 0].mean()))
'''


def write_metric(folder: Path) -> str:
    """Write the module into a folder that Python imports from.

    Returns:
        The metric's name in ``grid.metrics``.
    """
    (folder / "my_metrics.py").write_text(SOURCE, encoding="utf-8")
    return f"my_metrics:{NAME}"
