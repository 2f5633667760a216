"""Where the worker runs: a command, and the paths as the code will see them."""

from __future__ import annotations

import inspect
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from speceyes import pixels
from speceyes.sandbox import published_repairs, repairs, saved_images, worker

# Not where models guess it: published, a path that the prompt does not name leads nowhere.
INPUT_PATH = "/mnt/data/images/input.jpg"
PROTOCOL_DIR = "/mnt/data/temp_processed_images"

LIBRARY = Path(inspect.getfile(pixels)).parents[1]
# All that the worker imports of this library; without the packages' __init__ its start is lean. They are
# imported here too, so that whoever uses the sandbox depends on them.
WORKER_FILES = tuple(
    Path(inspect.getfile(module)) for module in (worker, repairs, published_repairs, saved_images, pixels)
)
# One thread: image code gains nothing from more, and the system-call filter allows no more.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}
_TRIAL_S = 30
_START = "import sys; sys.path.insert(0, sys.argv[1]); from speceyes.sandbox.worker import main; main()"
_TRIAL = "import sys; sys.path[:0] = sys.argv[1:]; import cv2, numpy; from PIL import Image"


class SandboxUnavailableError(Exception):
    """Model-written code cannot be run safely on this machine; one line says why."""


@dataclass(frozen=True)
class WorkerLaunch:
    """How one call's worker is started, and the paths as its code sees them.

    Attributes:
        command: starts the worker, which reads its request from standard input.
        environment: the command's whole environment.
        file_descriptors: those that the command inherits.
        image_path: the input image, inside.
        output_dir: where images are saved, inside.
        packages: folders to import from, inside.
    """

    command: tuple[str, ...]
    environment: dict[str, str]
    file_descriptors: tuple[int, ...]
    image_path: str
    output_dir: str
    packages: tuple[str, ...]


class Isolation(Protocol):
    """How workers are kept apart from the host."""

    def launch(self, image_path: Path) -> AbstractContextManager[WorkerLaunch]: ...

    def try_out(self) -> None:
        """Start the interpreter once and import the packages that code may use.

        Raises:
            SandboxUnavailableError: with what the failing program says.
        """
        ...


def python_command(python: str, program: str, *arguments: str) -> tuple[str, ...]:
    """Start Python on a program with nothing of the user's or the site's in it."""
    return (python, "-I", "-S", "-X", "utf8", "-c", program, *arguments)


def worker_command(python: str, library: str) -> tuple[str, ...]:
    """Start Python on the worker below ``library``."""
    return python_command(python, _START, library)


def trial_command(python: str, packages: Sequence[str]) -> tuple[str, ...]:
    """Start Python on importing what code may use from these folders."""
    return python_command(python, _TRIAL, *packages)


def run_once(command: tuple[str, ...], environment: dict[str, str], file_descriptors: tuple[int, ...] = ()) -> None:
    """Run a command that must succeed.

    Raises:
        SandboxUnavailableError: it does not; with the last line that it says.
    """
    try:
        done = subprocess.run(
            command,
            pass_fds=file_descriptors,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TRIAL_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxUnavailableError(str(error)) from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise SandboxUnavailableError(said[-1])
