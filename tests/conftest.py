"""A small study, run once per session from pictures to report by the workflow itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_study import small_study
from workspace import Workspace


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A finished small study."""
    made = Workspace.copy(tmp_path_factory.mktemp("study"), small_study())
    made.snakemake()
    return made


@pytest.fixture(scope="session")
def results(workspace: Workspace) -> Path:
    """The finished study's folder."""
    return workspace.folder / "results" / "small"
