"""Running the judge's server for the length of one job, and not a second longer."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import openai

from speceyes.judging.client import JudgeError
from speceyes.judging.settings import ServerSettings

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _die_with_parent() -> None:
    """In the child, before exec: be killed when the job is, even by kill -9."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def running_server(settings: ServerSettings, model: str, log_path: Path) -> Iterator[str]:
    """Start the server, wait until it has answered a real request, yield its base URL, stop it whatever happens.

    Raises:
        JudgeError: the command is not there, it ended, or it did not answer in time.
    """
    port = _free_port()
    command = [part.replace("{port}", str(port)).replace("{model}", model) for part in settings.command]
    url = f"http://127.0.0.1:{port}/v1"
    log.info("starting the judge: %s", " ".join(command))
    with log_path.open("ab") as output:
        try:
            process = subprocess.Popen(
                command,
                cwd=settings.directory,
                env=os.environ | settings.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        except OSError as error:
            raise JudgeError(f"judge.server.command: {command[0]}: {error.strerror}") from error
    try:
        _wait_until_it_answers(process, url, settings, log_path)
        yield url
    finally:
        stop_group(process)


def _wait_until_it_answers(
    process: subprocess.Popen[bytes], url: str, settings: ServerSettings, log_path: Path
) -> None:
    """Health is not readiness: ask for one token."""
    deadline = time.monotonic() + settings.ready_timeout_s
    client = openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=60)
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise JudgeError(f"the judge's server ended with code {process.returncode}; see {log_path}")
        with contextlib.suppress(openai.APIError):
            client.chat.completions.create(
                model=settings.served_name, messages=[{"role": "user", "content": "1"}], max_tokens=1
            )
            log.info("the judge answers at %s", url)
            return
        time.sleep(0.5)
    raise JudgeError(f"the judge's server did not answer within {settings.ready_timeout_s:.0f} s; see {log_path}")


def stop_group(process: subprocess.Popen[bytes], patience_s: float = 10.0) -> None:
    """SIGTERM to the server's process group, SIGKILL to what is left of it after a while."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
        if number == signal.SIGTERM:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return


def external_url(url: str) -> contextlib.nullcontext[str]:
    """A judge that somebody else runs."""
    return contextlib.nullcontext(url)
