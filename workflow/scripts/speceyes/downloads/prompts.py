"""The official prompts: fetched from the pinned commit, recognised by checksum, extracted into our prompt files."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import requests
import yaml
from huggingface_hub import constants
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from speceyes.border import plain, problem
from speceyes.documents import DocumentError, read_yaml
from speceyes.downloads.constants import ConstantError, read_constant
from speceyes.downloads.faults import DownloadError
from speceyes.downloads.registry import Commit, Sha256
from speceyes.judging.prompts import load_judge_prompts
from speceyes.prompts import PromptError, load_prompts

log = logging.getLogger(__name__)

MAX_BYTES = 2**21
TIMEOUT_S = 30
STORE = ".sources"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Piece(_Part):
    """A constant of an official file, and what is made of it."""

    source: Annotated[str, Field(alias="in")]
    constant: str
    until: str | None = None
    after: str | None = None
    ends: str | None = None
    replace: dict[str, str] = Field(default_factory=dict)


Wording = str | Piece | list[str | Piece]


class RoleWording(_Part):
    """Where a role's texts come from; see :class:`speceyes.prompts.Prompt`."""

    system: Wording = ""
    user: Wording
    question: Wording | None = None
    question_with_options: Wording | None = None


class ModelWording(_Part):
    """Where a model's prompt file comes from; see :class:`speceyes.prompts.PromptFile`."""

    question: Wording
    question_with_options: Wording
    roles: dict[str, RoleWording]


class SourceFile(_Part):
    """One official file; without a checksum the commit alone pins it."""

    path: Annotated[str, Field(pattern=r"^(\w[\w-]*/)*\w[\w-]*\.py$")]
    sha256: Sha256 | None


class PromptMap(_Part):
    """Which constants of which files become which wording."""

    repository: str
    commit: Commit
    url: str
    licence: str
    sources: dict[str, SourceFile]
    models: dict[str, ModelWording]
    judge: dict[str, Wording]


def load_prompt_map(path: Path) -> PromptMap:
    """Read the map.

    Raises:
        DownloadError: missing file, broken YAML, a missing or unknown key.
    """
    try:
        return PromptMap.model_validate(read_yaml(path))
    except DocumentError as error:
        raise DownloadError(str(error)) from error
    except ValidationError as error:
        raise DownloadError(f"{plain(path)}: {problem(error, 'file')}") from error


def download_prompts(prompt_map: PromptMap, folder: Path, attempts: int) -> list[Path]:
    """Write ``<model>.yaml`` for every model, and ``judge.yaml``, into ``folder``.

    Official files stay in ``folder/.sources`` and are not fetched again while their checksums hold.

    Args:
        prompt_map: what comes from where.
        folder: the study's prompt folder.
        attempts: tries per file while the server cannot be reached.

    Raises:
        DownloadError: one line; nothing is written unless every wording could be extracted.
    """
    texts = {name: _source(prompt_map, source, folder / STORE, attempts) for name, source in prompt_map.sources.items()}
    files = {name: _model_file(prompt_map, texts, name, wording) for name, wording in prompt_map.models.items()}
    files["judge"] = {
        benchmark: _text(prompt_map, texts, f"judge.{benchmark}", wording)
        for benchmark, wording in prompt_map.judge.items()
    }
    parts = {name: _write_part(prompt_map, folder / f"{name}.yaml", content) for name, content in files.items()}
    for name, part in parts.items():
        part.replace(folder / f"{name}.yaml")
    return [folder / f"{name}.yaml" for name in parts]


def _source(prompt_map: PromptMap, source: SourceFile, store: Path, attempts: int) -> str:
    path = store / prompt_map.commit / source.path
    if path.exists() and source.sha256 in (None, _sha256(path.read_bytes())):
        return path.read_text(encoding="utf-8")
    url = prompt_map.url.format(repository=prompt_map.repository, commit=prompt_map.commit, path=source.path)
    if constants.HF_HUB_OFFLINE:
        raise DownloadError(f"{url}: offline mode is on; unset HF_HUB_OFFLINE or put the file at {path}")
    content = _get(url, attempts)
    found = _sha256(content)
    if source.sha256 is None:
        log.warning("%s: sha256 is %s; write it into the prompt map to have it checked", source.path, found)
    elif found != source.sha256:
        raise DownloadError(
            f"{url}: sha256 is {found}, expected {source.sha256}; this is not the pinned file: correct url or commit "
            "in the prompt map, or write the new sha256 there if you mean to use other prompts than the published ones"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return content.decode("utf-8")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _get(url: str, attempts: int) -> bytes:
    retrying = Retrying(
        retry=retry_if_exception_type((requests.ConnectionError, requests.Timeout)),
        stop=stop_after_attempt(attempts),
        wait=wait_exponential_jitter(initial=1, max=30),
        reraise=True,
    )
    try:
        response = retrying(requests.get, url, timeout=TIMEOUT_S, stream=True)
        content = bytes(response.raw.read(MAX_BYTES + 1, decode_content=True))
    except requests.RequestException as error:
        raise DownloadError(f"{url}: cannot be reached ({type(error).__name__}); run again") from error
    if not response.ok:
        raise DownloadError(f"{url}: status {response.status_code}; correct url, commit or path in the prompt map")
    if len(content) > MAX_BYTES:
        raise DownloadError(f"{url}: larger than {MAX_BYTES} bytes; this is not the file meant")
    return content


def _model_file(prompt_map: PromptMap, texts: Mapping[str, str], name: str, wording: ModelWording) -> dict[str, object]:
    def text(key: str, value: Wording) -> str:
        return _text(prompt_map, texts, f"models.{name}.{key}", value)

    roles = {
        role: {
            field: text(f"roles.{role}.{field}", value)
            for field in RoleWording.model_fields
            if (value := getattr(parts, field)) is not None
        }
        for role, parts in wording.roles.items()
    }
    return {
        "question": text("question", wording.question),
        "question_with_options": text("question_with_options", wording.question_with_options),
        "roles": roles,
    }


def _text(prompt_map: PromptMap, texts: Mapping[str, str], key: str, wording: Wording) -> str:
    pieces = wording if isinstance(wording, list) else [wording]
    return "".join(piece if isinstance(piece, str) else _piece_text(prompt_map, texts, key, piece) for piece in pieces)


def _piece_text(prompt_map: PromptMap, texts: Mapping[str, str], key: str, piece: Piece) -> str:
    if piece.source not in texts:
        raise DownloadError(f"prompt map: {key}: no source {piece.source!r}, only {', '.join(texts)}")
    where = f"prompt map: {key}: {prompt_map.sources[piece.source].path}"
    try:
        text = read_constant(texts[piece.source], piece.constant)
    except ConstantError as error:
        raise DownloadError(f"{where}: {error}") from error
    if isinstance(text, list) and piece.ends is not None and all(isinstance(item, str) for item in text):
        text = "".join(f"{item}{piece.ends}" for item in text)
    if not isinstance(text, str):
        raise DownloadError(f"{where}: {piece.constant} is not one text; give a position, or ends: for a list of texts")
    for mark in (piece.until, piece.after, *piece.replace):
        if mark is not None and mark not in text:
            raise DownloadError(f"{where}: {piece.constant} does not hold {mark!r}")
    if piece.after is not None:
        text = text.partition(piece.after)[2]
    if piece.until is not None:
        text = text.partition(piece.until)[0]
    for theirs, ours in piece.replace.items():
        text = text.replace(theirs, ours)
    return text


def _write_part(prompt_map: PromptMap, path: Path, content: Mapping[str, object]) -> Path:
    """Write a prompt file beside its place and read it back as its users will."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    head = f"# From {prompt_map.repository} at {prompt_map.commit} ({prompt_map.licence}); made by download_prompts.\n"
    part.write_text(head + yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=120))
    try:
        if path.stem == "judge":
            load_judge_prompts(part)
        else:
            load_prompts(part)
    except PromptError as error:
        raise DownloadError(f"prompt map: {error}") from error
    return part
