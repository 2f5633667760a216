"""One repository at one revision, from the hub into one folder: complete and verified, or not there at all.

Files grow in a store beside the target and keep their bytes when a run is interrupted; a finished
file is never fetched or hashed again. The target is made of second names for the store's files, so
it costs no disk, and making it again downloads nothing. ``HF_ENDPOINT``, ``HF_TOKEN``, ``HF_HOME``
(files in its cache are taken from there) and ``HF_HUB_OFFLINE`` mean what they mean elsewhere.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock

from filelock import FileLock
from huggingface_hub.utils.tqdm import disable_progress_bars

from speceyes.downloads.faults import DownloadError, explained
from speceyes.downloads.listing import RemoteFile, list_files, resolve
from speceyes.downloads.registry import Repository, pin_path, read_pin, write_pin
from speceyes.downloads.rows import count_rows
from speceyes.downloads.settings import TransferSettings
from speceyes.downloads.transfer import fetch, link_or_copy, part_of
from speceyes.runtime.progress import Progress

log = logging.getLogger(__name__)

STORE = ".downloads"


def download(repository: Repository, target: Path, pins: Path, settings: TransferSettings) -> None:
    """Download what is wanted of a repository into ``target``.

    Args:
        repository: with its revision, wanted files and what is known of them.
        target: the folder to make, moved into place when all is verified.
        pins: where a revision that the registry leaves open is pinned.
        settings: connections and patience.

    Raises:
        DownloadError: one line saying what is wrong and what to do; a later run goes on where this one stopped.
    """
    disable_progress_bars()
    store = target.parent / STORE
    with explained(str(repository), store):
        if target.is_dir() and any(target.iterdir()):
            raise DownloadError(f"{target} holds files already; remove it, or leave it as it is and use it")
        pinned = _pinned(repository, pins)
        folder = store / pinned.folder_name
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            files = list_files(pinned, folder)
            _fetch_all(pinned, files, folder, settings)
            _check_rows(pinned, files, folder)
            _place(files, folder, target)
    log.info("%s: %d files in %s", pinned, len(files), target)


def _pinned(repository: Repository, pins: Path) -> Repository:
    if repository.entry.revision is not None:
        return repository
    revision = read_pin(pins, repository.name)
    if revision is None:
        revision = resolve(repository)
        write_pin(pins, repository.name, revision)
        log.warning("%s: main is %s now; pinned in %s", repository.name, revision, pin_path(pins, repository.name))
    return repository.pinned(revision)


def _fetch_all(repository: Repository, files: list[RemoteFile], folder: Path, settings: TransferSettings) -> None:
    done = sum(_present(folder / file.path) for file in files)
    total = sum(file.bytes for file in files)
    free = shutil.disk_usage(folder).free
    if total - done > free:
        raise DownloadError(
            f"{repository}: {(total - done) / 1e9:.3f} GB are still to come, but {folder} has room for "
            f"{free / 1e9:.3f} GB; make room and run again"
        )
    with (
        Progress(f"download {repository.name}", total, done, unit="B") as progress,
        ThreadPoolExecutor(settings.connections) as pool,
    ):
        advance = _one_at_a_time(progress.advance)
        futures = [pool.submit(fetch, repository, file, folder / file.path, settings, advance) for file in files]
        try:
            for future in futures:
                future.result()
        except BaseException:
            # What is under way finishes: its bytes will be needed anyway.
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _present(path: Path) -> int:
    """Bytes of a file that an earlier run has brought, finished or not."""
    return next((name.stat().st_size for name in (path, part_of(path)) if name.exists()), 0)


def _one_at_a_time(advance: Callable[[int], None]) -> Callable[[int], None]:
    lock = Lock()

    def guarded(count: int) -> None:
        with lock:
            advance(count)

    return guarded


def _check_rows(repository: Repository, files: list[RemoteFile], folder: Path) -> None:
    for pattern, facts in repository.entry.files.items():
        if facts.rows is None:
            continue
        paths = [folder / file.path for file in files if fnmatchcase(file.path, pattern)]
        try:
            rows = sum(count_rows(path) for path in paths)
        except ValueError as error:
            raise DownloadError(f"{repository}: {pattern}: {error}; this is not the published file") from error
        if rows != facts.rows:
            raise DownloadError(
                f"{repository}: {pattern}: {rows} rows, the registry says {facts.rows}; "
                "correct the registry if the dataset was changed knowingly"
            )


def _place(files: list[RemoteFile], folder: Path, target: Path) -> None:
    part = part_of(target)
    shutil.rmtree(part, ignore_errors=True)
    for file in files:
        (part / file.path).parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(folder / file.path, part / file.path)
    if target.is_dir():
        target.rmdir()
    part.rename(target)
