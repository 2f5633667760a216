"""A small study, run once per session from pictures to report by the workflow itself."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest
from small_study import small_study, write_own_wording
from workspace import Workspace

# Time is no property of the code: a busy machine fails no test.
hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A finished small study."""
    made = Workspace.copy(tmp_path_factory.mktemp("study"), small_study())
    write_own_wording(made.folder)
    made.snakemake()
    return made


@pytest.fixture(scope="session")
def results(workspace: Workspace) -> Path:
    """The finished study's folder."""
    return workspace.folder / "results" / "small"
