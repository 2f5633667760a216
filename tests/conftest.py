"""A small study, run once per session from pictures to report by the workflow itself; which tests share a worker."""

from __future__ import annotations

import gc
from pathlib import Path, PurePosixPath

import hypothesis
import pytest
from small_study import finished_small_study
from workspace import Workspace
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Time is no property of the code: a busy machine fails no test.
hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")

# Imports make no garbage worth a search, and a search takes longer with each: a quarter of collecting the tests.
gc.disable()

MAKES_THE_STUDY, BROWSER = "tests/integration/test_study.py", "browser"
DRAWING_AND_TRAINING = ("figures", "training")  # folders of the unit tests that take longest


def asks_of_the_study(path: PurePosixPath) -> bool:
    """Whether the tests of a file want the finished study."""
    return path.name.startswith("test_study") and "unit" not in path.parts


def shared_by(nodeid: str) -> str:
    """What a test shares with others that must run in its process: the browser, or its file's."""
    path = PurePosixPath(nodeid.partition("::")[0])
    return BROWSER if path.parent.name == "browser" and not asks_of_the_study(path) else str(path)


class BySharedFixtures(LoadScopeScheduling):
    """Tests that share what takes long to make run in one worker, one after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return shared_by(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> BySharedFixtures:
    """pytest-xdist 3.8's own groups by mark have no effect under pytest 9.2."""
    return BySharedFixtures(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no worker is left with it at the end; what waits for it, last."""
    items.sort(key=lambda test: _place(shared_by(test.nodeid)))


def _place(shared: str) -> int:
    first, path = (MAKES_THE_STUDY, BROWSER), PurePosixPath(shared)
    if shared in first:
        return first.index(shared)
    if asks_of_the_study(path):
        return len(first) + 2
    return len(first) + (path.parent.name not in DRAWING_AND_TRAINING)


def pytest_collection_finish() -> None:
    """What imports have made stays to the end: garbage is looked for among what tests make, and less often."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what passing tests recorded: a worker's own output is not shown."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Workspace:
    """A worker's own copy of the finished small study, which the first worker that asks makes for all."""
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent
    return finished_small_study(shared / "study").copied(own / "study-copy")


@pytest.fixture(scope="session")
def results(workspace: Workspace) -> Path:
    """The folder of the worker's finished study."""
    return workspace.folder / "results" / "small"
