"""An engine for clusters whose GPUs are not real: its jobs hold a GPU as any other's do, its model runs on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from speceyes.engines.base import Engine, Place
from speceyes.engines.in_process import InProcess, TransformersSettings


class Settings(TransformersSettings):
    type: str = "on_cpu:OnCpu"  # type: ignore[assignment]

    @property
    def uses_gpus(self) -> bool:
        return True


class OnCpu:
    Settings = Settings

    @staticmethod
    @contextmanager
    def open(settings: Settings, place: Place) -> Iterator[Engine]:
        without = TransformersSettings.model_validate(settings.model_dump() | {"type": "transformers", "device": "cpu"})
        with InProcess.open(without, place) as engine:
            yield engine
