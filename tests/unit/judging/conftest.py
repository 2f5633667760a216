"""Where a judge's replies are kept."""

import pytest
from speceyes.judging.cache import ReplyCache


@pytest.fixture
def cache(tmp_path):
    return ReplyCache(tmp_path, "judge one")
