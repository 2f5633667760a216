"""The paper's configuration, to be changed."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from configurations import CONFIG


@pytest.fixture
def raw() -> dict[str, Any]:
    return yaml.safe_load((CONFIG / "config.yaml").read_text())
