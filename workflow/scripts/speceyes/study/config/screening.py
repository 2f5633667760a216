"""Section `screening`: phase I."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from speceyes.study.config.fields import Section


class ScreeningConfig(Section):
    """Phase I."""

    by: Literal["agent", "draft"] = Field(
        "agent", description="Whose model screens; draft is the paper's phase-I ablation."
    )
