"""The paper's configuration, to be changed."""

from __future__ import annotations

from typing import Any

import pytest
from configurations import written


@pytest.fixture
def raw() -> dict[str, Any]:
    return written("config.yaml")
