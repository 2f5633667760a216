"""The judge as a server: the one that a job runs, or one that runs already."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from speceyes.engines.server import NotReadyError, running_server
from speceyes.engines.settings import ServerSettings
from speceyes.judging.chat import JudgeError, JudgeSetup, RequestFailedError, probe


@contextlib.contextmanager
def running_judge(settings: ServerSettings, model: str, log_path: Path, asking: JudgeSetup) -> Iterator[str]:
    """A judge that runs as long as the context lasts; see :func:`speceyes.engines.server.running_server`.

    Raises:
        EngineError: the server cannot be had, or what it serves does not judge.
    """

    def ask(url: str) -> None:
        try:
            probe(asking, url, attempts=1)
        except RequestFailedError as error:
            raise NotReadyError(str(error), error.garbage) from error

    with running_server(settings, model, log_path, "judge.server", ask) as url:
        yield url


@contextlib.contextmanager
def external_judge(url: str, asking: JudgeSetup) -> Iterator[str]:
    """A judge that somebody else runs, once it has answered a real request, tried as often as any.

    Raises:
        JudgeError: it does not answer.
    """
    try:
        probe(asking, url)
    except (RequestFailedError, JudgeError) as error:
        raise JudgeError(f"judge.url: {url} does not answer as {asking.model}: {error}") from error
    yield url
