"""The paper's configuration with one value changed, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from speceyes.study.config import ConfigError, load_config

CONFIG = Path(__file__).parents[2] / "config"


def put(raw: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    """The raw configuration with the value of one dotted key."""
    *sections, last = key.split(".")
    section = raw
    for name in sections:
        section = section[name]
    section[last] = value
    return raw


def complaint(raw: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(raw)
    message = str(caught.value)
    assert "\n" not in message
    return message
