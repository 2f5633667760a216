"""How a model in this process is loaded; apart from the engine so that reading it imports no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from speceyes.images import ImageSettings


class EngineSettings(BaseModel):
    """Precision, attention, device and view size of one model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dtype: Literal["auto", "float32", "bfloat16"] = Field("auto", description="Weights' type; auto: as stored.")
    attention: Literal["sdpa", "eager", "flash_attention_2"] = Field("sdpa", description="Attention implementation.")
    device: str = Field("auto", description="torch device; auto: the first CUDA device, else the CPU.")
    device_map: str | None = Field(None, description="Spread the model over devices (auto, balanced); replaces device.")
    image: ImageSettings = Field(default_factory=ImageSettings, description="Size of images as the model sees them.")
