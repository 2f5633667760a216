"""A model's server: one that runs already, or one that a job starts and stops."""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from speceyes.engines import guard
from speceyes.engines.base import EngineError
from speceyes.engines.settings import ServerSettings

log = logging.getLogger(__name__)

POLL_S = 0.25
GUARD_TIMEOUT_S = 30.0
DEATH_IS_SEEN_S = 2.0
TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})  # and every 5xx
GARBAGE_LIMIT = 5  # answers that are none, until what is served counts as no model


def passes(status: int) -> bool:
    """Whether a request that was answered with this HTTP status may succeed later."""
    return status in TRANSIENT_STATUSES or status >= 500


class NotReadyError(Exception):
    """A server that may answer later; ``garbage``: what it answered is no reply of a model's server."""

    def __init__(self, line: str, garbage: bool = False) -> None:
        super().__init__(line)
        self.garbage = garbage


@contextlib.contextmanager
def running_server(
    settings: ServerSettings, model: str, log_path: Path, key: str, probe: Callable[[str], None]
) -> Iterator[str]:
    """Start the server, wait until it has answered a real request, yield its base URL, stop it whatever happens.

    The server dies with the calling thread, also by kill -9: call from the main thread.

    Args:
        settings: command, folder, environment, patience.
        model: what ``{model}`` in the command stands for.
        log_path: file that the server's output is appended to.
        key: the configuration's name for ``settings``, for messages.
        probe: puts a first request to a base URL; raises :class:`NotReadyError` where it may work later.

    Raises:
        EngineError: the command is not there, it ended (also while it was used), did not answer in time or not well.
    """
    port = _free_port()
    values = {"{port}": str(port), "{model}": model, "{name}": settings.served_name}
    command = [_filled(part, values) for part in settings.command]
    log.info("starting a server: %s", " ".join(command))
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", guard.__file__, str(os.getpid()), str(settings.stop_timeout_s), *command],
            cwd=settings.directory,
            env=_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        started = _Started(process, f"http://127.0.0.1:{port}", log_path, key)
        started.wait_until_ready(settings.ready_timeout_s, probe)
        log.info("the server of %s answers at port %d", settings.served_name, port)
        with started.death_explained():
            yield f"{started.root}/v1"
    finally:
        _stop(process, settings.stop_timeout_s + GUARD_TIMEOUT_S)


@dataclass(frozen=True, slots=True)
class _Started:
    """A server that this process has started."""

    process: subprocess.Popen[bytes]
    root: str
    log_path: Path
    key: str

    def wait_until_ready(self, timeout_s: float, probe: Callable[[str], None]) -> None:
        """Health is not readiness: once the server is up, it has to answer a request."""
        deadline = time.monotonic() + timeout_s
        last, garbage = "it does not listen", 0
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise self.end()
            if _is_up(self.root):
                try:
                    return probe(f"{self.root}/v1")
                except NotReadyError as error:
                    last, garbage = str(error), garbage + error.garbage
                except Exception as error:
                    raise EngineError(f"{self.key}: {error}; see {self.log_path}") from error
                if garbage == GARBAGE_LIMIT:
                    raise EngineError(f"{self.key}: what it serves answers no requests: {last}; see {self.log_path}")
            time.sleep(POLL_S)
        raise EngineError(
            f"{self.key}: the server did not answer within {timeout_s:.0f} s ({last}); see {self.log_path}"
        )

    @contextlib.contextmanager
    def death_explained(self) -> Iterator[None]:
        """Report an error that the server's end caused as that end, not as a lost connection."""
        try:
            yield
        except Exception as error:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(DEATH_IS_SEEN_S)
            if self.process.returncode is None:
                raise
            raise self.end() from error

    def end(self) -> EngineError:
        """How the server ended, with its last line of output."""
        said = _last_line(self.log_path)
        return EngineError(
            f"{self.key}: the server ended with code {self.process.returncode}: {said}; see {self.log_path}"
        )


def is_local(url: str) -> bool:
    """Whether a server is on this machine, where no proxy of the environment reaches it."""
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def _filled(part: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        part = part.replace(name, value)
    return part


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(settings: ServerSettings) -> dict[str, str]:
    """This process's, with the programs of its own Python found first."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return os.environ | {"PATH": programs} | settings.environment


def _is_up(root: str) -> bool:
    """Whether something serves HTTP there; servers without /health say that they have none (404, 405, 501)."""
    without_proxies = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with without_proxies.open(f"{root}/health", timeout=5.0):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500 or error.code == 501
    except (OSError, http.client.HTTPException):
        return False


def _stop(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    """Tell the guard, which stops the server with all that it started."""
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
