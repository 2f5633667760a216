"""A small study, run once per session from pictures to report by the workflow itself; which tests share a worker."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest
from small_study import small_study, write_own_wording
from workspace import Workspace

# Time is no property of the code: a busy machine fails no test.
hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")


FINISHED_STUDY, BROWSER = "finished study", "browser"


def shared_by(test: pytest.Item) -> str:
    """What a test shares with others that must run in its process: the finished study, the browser, or its file's."""
    if "workspace" in getattr(test, "fixturenames", ()):
        return FINISHED_STUDY
    return BROWSER if test.path.parent.name == "browser" else test.path.stem


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests for workers that run side by side; what takes longest comes first."""
    order = {FINISHED_STUDY: 0, BROWSER: 1}
    items.sort(key=lambda test: order.get(shared_by(test), len(order)))
    for test in items:
        test.add_marker(pytest.mark.xdist_group(shared_by(test)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what passing tests recorded: a worker's own output is not shown."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


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
