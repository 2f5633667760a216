"""This repository's configurations as they are written, with one value changed, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from speceyes.study.config import ConfigError, load_config

CONFIG = Path(__file__).parents[2] / "config"


def written(name: str) -> dict[str, Any]:
    """A file of the folder; hundreds of tests change one, and libyaml reads it eight times faster than Python does."""
    found: dict[str, Any] = yaml.load((CONFIG / name).read_bytes(), yaml.CSafeLoader)
    return found


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
