"""How patiently files are fetched; apart from the client so that reading it does not import it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class TransferSettings(BaseModel):
    """How patiently files are fetched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    connections: int = Field(4, gt=0, description="Files under way at once.")
    attempts: int = Field(6, gt=0, description="Tries per file while the hub cannot be reached.")
    longest_wait_s: float = Field(60.0, ge=0, description="Longest pause between two tries; it doubles from 1 s.")
