"""What may be downloaded: typed registries of datasets and models, and the revisions pinned beside them."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from speceyes.border import plain, problem
from speceyes.documents import DocumentError, read_yaml
from speceyes.engines.shape import Shape

PINS = Path("config/pins")  # where the working directory keeps resolved revisions

Kind = Literal["dataset", "model"]
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RegistryError(Exception):
    """A registry that cannot be used, or a name it does not hold; the message names file and key."""


class FileFacts(BaseModel):
    """What is known of every file that a pattern matches; None is not checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: Annotated[int, Field(ge=0)] | None = None
    rows: Annotated[int, Field(gt=0)] | None = None
    sha256: Sha256 | None = None
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    optional: bool = False


class Entry(BaseModel):
    """One repository: its pinned revision, the files wanted from it, and where the facts come from.

    ``shape`` is a model's; ``largest_picture`` a dataset's, in pixels. Memory is planned with them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    revision: Commit | None
    files: Annotated[dict[str, FileFacts], Field(min_length=1)]
    gigabytes: Annotated[float, Field(gt=0)] | None = None
    licence: str | None = None
    shape: Shape | None = None
    largest_picture: tuple[int, int] | None = None
    note: str = ""

    def at(self, revision: str | None) -> Entry:
        """The entry at another revision, whose files' checksums and rows are not known; itself when it is the same."""
        if revision is None or revision == self.revision:
            return self
        files = {pattern: FileFacts(optional=facts.optional) for pattern, facts in self.files.items()}
        return Entry.model_validate(self.model_dump() | {"revision": revision, "files": files})

    def facts_of(self, path: str) -> FileFacts:
        """What is known of a file: the facts of the first pattern that matches it."""
        return next((facts for pattern, facts in self.files.items() if fnmatchcase(path, pattern)), FileFacts())


@dataclass(frozen=True, slots=True)
class Repository:
    """A registered repository (``owner/name``) on one side of the hub."""

    kind: Kind
    name: str
    entry: Entry

    def __str__(self) -> str:
        return f"{self.name} at {self.entry.revision}" if self.entry.revision else self.name

    @property
    def wanted(self) -> list[str]:
        """What makes a download another one: its revision (empty while open) and its file patterns."""
        return [self.entry.revision or "", *self.entry.files]

    @property
    def folder_name(self) -> str:
        """A name for its files of this revision, safe as a folder."""
        return f"{self.kind}s--{self.name.replace('/', '--')}--{str(self.entry.revision)[:12]}"

    def pinned(self, revision: str) -> Repository:
        """The same at a revision that the entry left open."""
        return Repository(self.kind, self.name, self.entry.model_copy(update={"revision": revision}))


WEIGHTS = Entry(
    revision=None,
    files={
        "*.safetensors": FileFacts(),
        "*.json": FileFacts(),
        "*.txt": FileFacts(optional=True),
        "*.jinja": FileFacts(optional=True),
    },
)


def load_registry(path: Path) -> dict[str, Entry]:
    """Read a registry file, keyed by repository id.

    Raises:
        RegistryError: missing file, broken YAML, a missing or unknown key.
    """
    try:
        return TypeAdapter(dict[str, Entry]).validate_python(read_yaml(path) or {})
    except DocumentError as error:
        raise RegistryError(str(error)) from error
    except ValidationError as error:
        raise RegistryError(f"{plain(path)}: {problem(error, 'file')}") from error


def find_model(path: Path, name: str, revision: str | None) -> Repository:
    """A model at the revision that a study asks for; one that is not registered is taken by its usual files."""
    return Repository("model", name, load_registry(path).get(name, WEIGHTS).at(revision))


def find_dataset(path: Path, name: str) -> Repository:
    """A registered dataset.

    Raises:
        RegistryError: not registered; its files cannot be guessed.
    """
    entries = load_registry(path)
    if name not in entries:
        raise RegistryError(f"{path}: {name} is not registered (only {', '.join(entries)}); add it with its files")
    return Repository("dataset", name, entries[name])


def pin_path(pins: Path, repository: str) -> Path:
    """Where a revision that the registry leaves open is pinned once it has been resolved."""
    return pins / f"{repository.replace('/', '--')}.yaml"


def read_pin(pins: Path, repository: str) -> str | None:
    """The pinned revision of a repository, if it was resolved before.

    Raises:
        RegistryError: the pin is not a commit.
    """
    path = pin_path(pins, repository)
    if not path.exists():
        return None
    try:
        return TypeAdapter(dict[str, Commit]).validate_python(read_yaml(path))["revision"]
    except (DocumentError, ValidationError, KeyError) as error:
        raise RegistryError(
            f"{plain(path)}: holds no revision of 40 hexadecimal digits; remove it to resolve anew"
        ) from error


def write_pin(pins: Path, repository: str, revision: str) -> Path:
    """Pin a resolved revision for every later download."""
    path = pin_path(pins, repository)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"# {repository}, resolved at its first download; remove this file to resolve anew.\nrevision: {revision}\n"
    )
    return path
