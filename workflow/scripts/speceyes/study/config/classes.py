"""Classes that the configuration names, and the settings that each of them takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import AfterValidator, ValidationInfo

from speceyes.study.config.errors import check_settings

Load = Callable[[str], Any]  # a class by ``package.module:Class``; ValueError where there is none


def loads(load: Load) -> AfterValidator:
    """Refuse the name of a class that cannot be loaded."""

    def check(name: str) -> str:
        load(name)
        return name

    return AfterValidator(check)


def fits(load: Load, key: str) -> AfterValidator:
    """Refuse settings that the class under ``key`` does not take; where that class is refused, they are not read."""

    def check(settings: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if key in info.data:
            check_settings(load(info.data[key]).Settings, settings)
        return settings

    return AfterValidator(check)
