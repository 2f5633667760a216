"""What a repository holds at one revision: names, sizes and checksums, from the hub or from an earlier listing."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from huggingface_hub import HfApi, RepoFile, snapshot_download
from huggingface_hub.errors import OfflineModeIsEnabled
from pydantic import BaseModel, ConfigDict, TypeAdapter

from speceyes.border import border
from speceyes.downloads.faults import DownloadError
from speceyes.downloads.registry import Repository

LISTING = ".listing.json"


class RemoteFile(BaseModel):
    """One file of a revision. Large files have a SHA-256, others the SHA-1 of their git object."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    bytes: int
    sha256: str | None = None
    git_sha1: str | None = None


_FILES = TypeAdapter(list[RemoteFile])


def resolve(repository: Repository) -> str:
    """The newest commit of a repository's main branch."""
    commit = HfApi().repo_info(repository.name, repo_type=repository.kind).sha
    if commit is None:
        raise DownloadError(f"{repository.name}: the hub names no commit; set its revision in the config")
    return commit


def list_files(repository: Repository, folder: Path) -> list[RemoteFile]:
    """The wanted files, sorted by path; remembered in ``folder``, so that the hub is asked once.

    Raises:
        DownloadError: a wanted file is not there, or is not the one that the registry describes.
    """
    remembered = folder / LISTING
    if remembered.exists():
        with border(remembered, DownloadError, "remove it and run again"):
            files = _FILES.validate_json(remembered.read_bytes())
        return _wanted(repository, files)
    try:
        files = _ask_hub(repository)
    except OfflineModeIsEnabled:
        return _wanted(repository, _cached(repository))
    wanted = _wanted(repository, files)
    part = remembered.with_suffix(".part")
    part.write_bytes(_FILES.dump_json(files, indent=1))
    part.replace(remembered)
    return wanted


def _ask_hub(repository: Repository) -> list[RemoteFile]:
    tree = HfApi().list_repo_tree(
        repository.name, repo_type=repository.kind, revision=repository.entry.revision, recursive=True
    )
    return [
        RemoteFile(path=item.path, bytes=item.size, sha256=item.lfs.sha256)
        if item.lfs
        else RemoteFile(path=item.path, bytes=item.size, git_sha1=item.blob_id)
        for item in tree
        if isinstance(item, RepoFile)
    ]


def _cached(repository: Repository) -> list[RemoteFile]:
    """Offline: the files of a snapshot that the hub's own cache holds, without checksums."""
    cached = Path(
        snapshot_download(
            repository.name,
            repo_type=repository.kind,
            revision=repository.entry.revision,
            allow_patterns=list(repository.entry.files),
            local_files_only=True,
        )
    )
    paths = [path for path in cached.rglob("*") if path.is_file()]
    return [RemoteFile(path=path.relative_to(cached).as_posix(), bytes=path.stat().st_size) for path in paths]


def _wanted(repository: Repository, files: Iterable[RemoteFile]) -> list[RemoteFile]:
    patterns = repository.entry.files
    matched = sorted(
        (file for file in files if any(fnmatchcase(file.path, pattern) for pattern in patterns)),
        key=lambda file: file.path,
    )
    for pattern, facts in patterns.items():
        if not facts.optional and not any(fnmatchcase(file.path, pattern) for file in matched):
            raise DownloadError(f"{repository}: no file matches {pattern}; correct the registry or the endpoint")
    for file in matched:
        _check(repository, file)
    return matched


def _check(repository: Repository, file: RemoteFile) -> None:
    """Refuse a listing that contradicts the registry before anything is downloaded."""
    where = f"{repository}: {file.path}"
    parts = PurePosixPath(file.path)
    if parts.is_absolute() or ".." in parts.parts:
        raise DownloadError(f"{where}: the endpoint lists a path outside the repository; use another endpoint")
    facts = repository.entry.facts_of(file.path)
    for name, ours, theirs in (("bytes", facts.bytes, file.bytes), ("sha256", facts.sha256, file.sha256)):
        if ours is not None and theirs is not None and ours != theirs:
            raise DownloadError(
                f"{where}: {name} is {theirs} at the endpoint, the registry says {ours}; "
                "use another endpoint, or correct the registry if the file was replaced knowingly"
            )
