"""Where a result comes from: settings, code, models, packages, machine, commit."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

PACKAGES = (
    "torch",
    "transformers",
    "flash-attn",
    "pillow",
    "numpy",
    "pandas",
    "pyarrow",
    "snakemake",
    "openai",
    "vllm",
)
LARGE = 64 * 2**20  # bytes from which a file counts by its size alone


def provenance(settings: dict[str, Any], inputs: dict[str, str]) -> dict[str, Any]:
    """What gets stamped into a table: resolved settings, input identities, packages, machine and commit."""
    return {
        "settings": settings,
        "inputs": inputs,
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "python": platform.python_version(),
        "device": device(),
        "git": _git(),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def device() -> dict[str, Any]:
    """The accelerators that torch sees, if torch is loaded; else the processor.

    ``name`` is their model (several models are joined by " + "); ``memory_gib`` is one device's.
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return {"name": _processor(), "cores": os.cpu_count()}
    seen = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    return {
        "name": " + ".join(sorted({facts.name for facts in seen})),
        "count": len(seen),
        "memory_gib": round(min(facts.total_memory for facts in seen) / 2**30, 1),
        "cuda": torch.version.cuda,
        "driver": driver_version(),
    }


def driver_version(path: Path = Path("/proc/driver/nvidia/version")) -> str | None:
    """The version of NVIDIA's kernel module; None where there is none."""
    try:
        found = re.search(r"Kernel Module.*?(\d+(?:\.\d+)+)", path.read_text(encoding="utf-8"))
    except OSError:
        return None
    return found[1] if found else None


def _processor(path: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's model, as far as the system tells."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def identity(path: Path) -> str:
    """What a model folder or a prompt file holds; ``absent`` until it is downloaded."""
    if path.is_dir():
        return model_identity(path)
    return file_identity(path) if path.is_file() else "absent"


def model_identity(folder: Path) -> str:
    """A short hash over names, sizes and configs of a model's files; weights over 64 MiB count by size."""
    return _hashed(tuple(_unchanged(path) for path in sorted(folder.glob("*")) if path.is_file()))


def file_identity(path: Path) -> str:
    """A short hash of a file's bytes."""
    return _hashed_file(_unchanged(path))


class _Unchanged(NamedTuple):
    """A file as long as nobody writes to it: a plan with thousands of jobs reads each model once."""

    path: Path
    size: int
    changed_ns: int


def _unchanged(path: Path) -> _Unchanged:
    found = path.stat()
    return _Unchanged(path, found.st_size, found.st_mtime_ns)


@cache
def _hashed(files: tuple[_Unchanged, ...]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.path.name} {file.size}\n".encode())
        if file.size < LARGE:
            digest.update(file.path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _hashed_file(file: _Unchanged) -> str:
    return hashlib.sha256(file.path.read_bytes()).hexdigest()[:16]


def digest(*parts: Any) -> str:
    """A short hash of anything that JSON can hold: names journals after all that their records depend on."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git() -> dict[str, Any]:
    def ask(*words: str) -> str:
        try:
            done = subprocess.run(["git", *words], capture_output=True, text=True, check=True, timeout=10)
        except (OSError, subprocess.SubprocessError):
            return ""
        return done.stdout.strip()

    return {"commit": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain", "--untracked-files=no"))}
