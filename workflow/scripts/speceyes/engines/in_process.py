"""The engine type ``transformers``: a model in this process. Reading this module imports no torch."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from speceyes.engines.base import Engine, Place
from speceyes.engines.settings import EngineSettings


class TransformersSettings(EngineSettings):
    """Precision, attention, device and view size of one model."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": False})

    type: Literal["transformers"] = Field(
        "transformers", description="transformers: in the job's own process; server: below; or package.module:Class."
    )
    dtype: Literal["auto", "float32", "bfloat16"] = Field("auto", description="Weights' type; auto: as stored.")
    attention: Literal["auto", "sdpa", "eager", "flash_attention_2"] = Field(
        "auto", description="Attention; auto: flash attention where it is installed and works, else torch's own (sdpa)."
    )
    device: str = Field("auto", description="torch device; auto: the first CUDA device, else the CPU.")
    device_map: str | None = Field(None, description="Spread the model over devices (auto, balanced); replaces device.")

    @property
    def uses_gpus(self) -> bool:
        return self.device != "cpu" or self.device_map is not None

    @property
    def calls_functions(self) -> bool:
        return False

    @property
    def uses_several_gpus(self) -> bool:
        return self.device_map is not None


class InProcess:
    """A transformers vision-language model loaded by the job that asks it."""

    Settings: ClassVar[type[EngineSettings]] = TransformersSettings

    @staticmethod
    @contextmanager
    def open(settings: TransformersSettings, place: Place) -> Iterator[Engine]:
        """The loaded model; see :class:`speceyes.engines.base.EngineType`."""
        with _kept_from_collection():
            from speceyes.engines.cuda import require_cuda  # noqa: PLC0415 - torch
            from speceyes.engines.transformers_engine import TransformersEngine  # noqa: PLC0415 - torch

            if place.gpus and settings.uses_gpus:
                require_cuda(place.gpus)
            engine = TransformersEngine(place.model, settings)
        try:
            yield engine
        finally:
            gc.unfreeze()


@contextmanager
def _kept_from_collection() -> Iterator[None]:
    """Libraries and model stay while it is open: searching them for garbage takes a second, again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
