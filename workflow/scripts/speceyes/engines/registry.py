"""Engines by the name that the configuration gives them: validated before any job runs, opened by the job."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from speceyes.engines.base import Engine, EngineType, Place
from speceyes.engines.settings import EngineSettings
from speceyes.plugins import load_class

DEFAULT_TYPE = "transformers"
SHORT_NAMES = {
    "transformers": "speceyes.engines.in_process:InProcess",
    "server": "speceyes.engines.served:Served",
}


def class_path(type_name: str) -> str:
    """The ``package.module:Class`` that an ``engine.type`` stands for."""
    return SHORT_NAMES.get(type_name, type_name)


def load_engine_type(type_name: str) -> EngineType:
    """The class that an ``engine.type`` names.

    Raises:
        ValueError: the name leads to no engine; one line says why.
    """
    if type_name not in SHORT_NAMES and ":" not in type_name:
        known = ", ".join(SHORT_NAMES)
        raise ValueError(f"type: {type_name!r} is not among {known}; another engine is named as package.module:Class")
    found: EngineType = load_class(class_path(type_name), "engine type", ("Settings", "open"))
    if not (isinstance(found.Settings, type) and issubclass(found.Settings, EngineSettings)):
        raise ValueError(f"engine type {type_name!r}: its Settings do not derive from EngineSettings")
    return found


def engine_settings(engine: Mapping[str, Any]) -> EngineSettings:
    """A validated ``models.NAME.engine`` section as its engine reads it."""
    return load_engine_type(engine["type"]).Settings.model_validate(engine)


def serves_many(engine: Mapping[str, Any]) -> bool:
    """Whether several threads may ask the engine of a validated section at once."""
    return engine_settings(engine).serves_many


def open_engine(engine: Mapping[str, Any], place: Place) -> AbstractContextManager[Engine]:
    """The model that a validated ``models.NAME.engine`` section describes, to be asked as long as the context lasts.

    Raises:
        EngineError: see :meth:`speceyes.engines.base.EngineType.open`.
    """
    return load_engine_type(engine["type"]).open(engine_settings(engine), place)
