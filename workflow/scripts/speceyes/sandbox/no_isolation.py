"""No isolation, for whoever says ``none-i-understand``: the code has all the rights of its user."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from speceyes.sandbox.interpreter import Interpreter
from speceyes.sandbox.isolation import (
    LIBRARY,
    ONE_THREAD,
    WORKER_FILES,
    WorkerLaunch,
    run_once,
    trial_command,
    worker_command,
)


@dataclass(frozen=True)
class NoIsolation:
    """An ordinary process per call; only the limits of time, memory and size hold."""

    interpreter: Interpreter

    @contextmanager
    def launch(self, image_path: Path) -> Iterator[WorkerLaunch]:
        """A worker whose output folder is removed afterwards."""
        with TemporaryDirectory(prefix="sandbox-") as scratch:
            library, output = Path(scratch, "library"), Path(scratch, "output")
            output.mkdir()
            for file in WORKER_FILES:
                link = library / file.relative_to(LIBRARY)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(file)
            command = worker_command(str(self.interpreter.executable), str(library))
            yield WorkerLaunch((*_dying(), *command), ONE_THREAD, (), str(image_path), str(output), self._packages)

    def try_out(self) -> None:
        """Start the interpreter once and import the packages that code may use.

        Raises:
            SandboxUnavailableError: with what the failing program says.
        """
        run_once((*_dying(), *trial_command(str(self.interpreter.executable), self._packages)), ONE_THREAD)

    @property
    def _packages(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(str(package.parent) for package in self.interpreter.packages))


def _dying() -> tuple[str, ...]:
    """What kills the worker with its parent, where that is there; without isolation the code may undo even this."""
    return ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv", path=os.defpath) else ()
