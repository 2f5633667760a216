"""What can go wrong in a download, as one line that says what to do; what was fetched is always kept."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

import httpx2
from huggingface_hub import constants
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
OFFLINE = (
    "offline mode is on and not every file is here; unset HF_HUB_OFFLINE, "
    "or give the path of files that already exist in the config"
)


class DownloadError(Exception):
    """A download that did not succeed; one line with what is affected and what to do."""


def is_transient(error: BaseException) -> bool:
    """Whether trying again in a while may help: connections, timeouts, busy or failing servers, short answers."""
    if isinstance(error, OfflineModeIsEnabled | LocalEntryNotFoundError):
        return False
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        return status in (408, 429) or status >= 500
    if isinstance(error, httpx2.TransportError):
        return True
    # The hub's client reports an answer that is shorter than announced as an OSError without a number.
    return isinstance(error, OSError) and error.errno is None


@contextlib.contextmanager
def explained(what: str, folder: Path) -> Iterator[None]:
    """Turn the client's and the system's errors into a :class:`DownloadError`.

    Args:
        what: repository and revision, for the message.
        folder: where the bytes go.
    """
    try:
        yield
    except DownloadError:
        raise
    except (HfHubHTTPError, httpx2.TransportError, HFValidationError, OSError) as error:
        raise DownloadError(f"{what}: {_reason(error, folder)}") from error


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (OfflineModeIsEnabled, OFFLINE),
    (LocalEntryNotFoundError, OFFLINE),
    (GatedRepoError, "access must be granted first; accept its terms at {endpoint} and set HF_TOKEN"),
    (RepositoryNotFoundError, "not found at {endpoint}, or private; correct the id or set HF_TOKEN"),
    (RevisionNotFoundError, "no such revision at {endpoint}; correct it in the registry or the config"),
    (RemoteEntryNotFoundError, "a listed file is missing at {endpoint}; run again, or use another endpoint"),
    (HFValidationError, "{error}; correct the id in the config"),
)


def _reason(error: Exception, folder: Path) -> str:
    for kind, text in _REASONS:
        if isinstance(error, kind):
            return text.format(endpoint=constants.ENDPOINT, error=str(error).splitlines()[0])
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        return f"{constants.ENDPOINT} answered with status {status}; run again to go on where it stopped"
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return f"the disk of {folder} is full; make room and run again to go on where it stopped"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{error.filename or folder}: {error.strerror}"
    return f"{constants.ENDPOINT} cannot be reached ({type(error).__name__}); run again to go on where it stopped"
