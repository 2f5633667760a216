"""Running the judge's server for the length of one job, and not a second longer."""

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
from collections.abc import Iterator
from pathlib import Path

from speceyes.judging import guard
from speceyes.judging.chat import Asking, JudgeError, RequestFailedError, probe
from speceyes.judging.settings import ServerSettings

log = logging.getLogger(__name__)

POLL_S = 0.25
GARBAGE_LIMIT = 5  # answers that are no chat completion, until a server counts as no judge
GUARD_TIMEOUT_S = 30.0


@contextlib.contextmanager
def running_server(settings: ServerSettings, model: str, log_path: Path, asking: Asking) -> Iterator[str]:
    """Start the server, wait until it has answered a real request, yield its base URL, stop it whatever happens.

    The server dies with the calling thread, also by kill -9: call from the main thread.

    Args:
        settings: command, folder, environment, patience.
        model: what ``{model}`` in the command stands for.
        log_path: file that the server's output is appended to.
        asking: how it will be asked, and is asked first.

    Raises:
        JudgeError: the command is not there, it ended, it did not answer in time, or what it serves does not judge.
    """
    port = _free_port()
    command = [part.replace("{port}", str(port)).replace("{model}", model) for part in settings.command]
    log.info("starting the judge: %s", " ".join(command))
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
        _wait_until_ready(process, f"http://127.0.0.1:{port}", settings, log_path, asking)
        log.info("the judge answers at port %d", port)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        _stop(process, settings.stop_timeout_s + GUARD_TIMEOUT_S)


@contextlib.contextmanager
def external_judge(url: str, asking: Asking) -> Iterator[str]:
    """A judge that somebody else runs, once it has answered a real request, tried as often as any.

    Raises:
        JudgeError: it does not answer.
    """
    try:
        probe(asking, url)
    except (RequestFailedError, JudgeError) as error:
        raise JudgeError(f"judge.url: {url} does not answer as {asking.model}: {error}") from error
    yield url


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(settings: ServerSettings) -> dict[str, str]:
    """This process's, with the programs of its own Python found first."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return os.environ | {"PATH": programs} | settings.environment


def _wait_until_ready(
    process: subprocess.Popen[bytes], root: str, settings: ServerSettings, log_path: Path, asking: Asking
) -> None:
    """Health is not readiness: once the server is up, it has to answer a prompt."""
    deadline = time.monotonic() + settings.ready_timeout_s
    last, garbage = "it does not listen", 0
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise JudgeError(
                f"the judge's server ended with code {process.returncode}: {_last_line(log_path)}; see {log_path}"
            )
        if _is_up(root):
            try:
                probe(asking, f"{root}/v1", attempts=1)
                return
            except RequestFailedError as error:
                last, garbage = str(error), garbage + error.garbage
            except JudgeError as error:
                raise JudgeError(f"the judge's server: {error}; see {log_path}") from error
            if garbage == GARBAGE_LIMIT:
                raise JudgeError(f"the judge's server is no judge: {last}; see {log_path}")
        time.sleep(POLL_S)
    raise JudgeError(
        f"the judge's server did not answer within {settings.ready_timeout_s:.0f} s ({last}); see {log_path}"
    )


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
