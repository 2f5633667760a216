"""Fetching one file: resumed at the byte where it stopped, retried, and named only once its checksums hold."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from huggingface_hub import hf_hub_url, try_to_load_from_cache
from huggingface_hub.file_download import http_get
from huggingface_hub.utils._headers import build_hf_headers
from tenacity import Retrying, before_sleep_log, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from speceyes.downloads.faults import DownloadError, is_transient
from speceyes.downloads.listing import RemoteFile
from speceyes.downloads.registry import FileFacts, Repository
from speceyes.downloads.settings import TransferSettings

log = logging.getLogger(__name__)

BLOCK = 2**22


class _Counted:
    """A file that reports what is written to it."""

    def __init__(self, file: BinaryIO, advance: Callable[[int], None]) -> None:
        self._file = file
        self._advance = advance
        self.tell, self.seek, self.truncate = file.tell, file.seek, file.truncate

    def write(self, content: bytes) -> int:
        written = self._file.write(content)
        self._advance(written)
        return written


def part_of(path: Path) -> Path:
    """Where a file grows before its checksums hold."""
    return path.with_name(path.name + ".part")


def fetch(
    repository: Repository, file: RemoteFile, path: Path, settings: TransferSettings, advance: Callable[[int], None]
) -> None:
    """Bring a file to ``path`` unless it is there: only files whose checksums held ever get that name.

    Args:
        repository: where it comes from and what the registry says of it.
        file: what the hub says of it.
        path: its place in the store.
        settings: patience.
        advance: told of every byte that arrives.

    Raises:
        DownloadError: the bytes are not the announced ones; they are discarded.
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    facts, source = repository.entry.facts_of(file.path), {"repo_type": repository.kind}
    cached = try_to_load_from_cache(repository.name, file.path, revision=repository.entry.revision, **source)
    if isinstance(cached, str) and not mismatches(Path(cached), file, facts):
        link_or_copy(Path(cached).resolve(), path)
        advance(file.bytes)
        return
    retrying = Retrying(
        retry=retry_if_exception(is_transient),
        stop=stop_after_attempt(settings.attempts),
        wait=wait_exponential_jitter(initial=1, max=settings.longest_wait_s),
        before_sleep=before_sleep_log(log, logging.WARNING),
        reraise=True,
    )
    part = part_of(path)
    retrying(
        _resume,
        hf_hub_url(repository.name, file.path, revision=repository.entry.revision, **source),
        file,
        part,
        advance,
    )
    wrong = mismatches(part, file, facts)
    if wrong:
        part.unlink()
        raise DownloadError(
            f"{repository}: {file.path}: damaged on the way ({wrong}); discarded, run again to fetch this file anew"
        )
    part.rename(path)


def _resume(url: str, file: RemoteFile, part: Path, advance: Callable[[int], None]) -> None:
    with part.open("ab") as handle:
        if handle.tell() > file.bytes:
            handle.truncate(0)
        http_get(
            url,
            _Counted(handle, advance),  # type: ignore[arg-type]
            resume_size=part.stat().st_size,
            headers=build_hf_headers(),
            expected_size=file.bytes,
            displayed_filename=file.path,
        )


def mismatches(path: Path, file: RemoteFile, facts: FileFacts) -> str:
    """Which announced checksum or size a file fails, in words; empty when all hold."""
    size = path.stat().st_size
    if size != file.bytes:
        return f"{size} bytes instead of {file.bytes}"
    git = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    digests = {"sha256": hashlib.sha256(), "md5": hashlib.md5(usedforsecurity=False), "git sha1": git}
    expected = {"sha256": facts.sha256 or file.sha256, "md5": facts.md5, "git sha1": file.git_sha1}
    used = {name: digests[name] for name, value in expected.items() if value}
    with path.open("rb") as handle:
        while used and (block := handle.read(BLOCK)):
            for digest in used.values():
                digest.update(block)
    wrong = [name for name, digest in used.items() if digest.hexdigest() != expected[name]]
    return f"{wrong[0]} is {used[wrong[0]].hexdigest()} instead of {expected[wrong[0]]}" if wrong else ""


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the file system cannot."""
    part = part_of(target)
    part.unlink(missing_ok=True)
    try:
        os.link(source, part)
    except OSError:
        shutil.copyfile(source, part)
    part.replace(target)
