"""After every program that means harm: no trace is left, and the next sample runs clean."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_code import OUTPUT, WALL_S
from PIL import Image
from speceyes.sandbox import Sandbox, SandboxSettings

CROP = f"""
from PIL import Image
Image.open(image_path).crop((0, 0, 100, 80)).save("{OUTPUT}/crop.png")
print("{OUTPUT}/crop.png")
"""


LIMITS = SandboxSettings(wall_s=WALL_S, memory_mb=512, disk_mb=16, max_files=200, max_image_pixels=4_000_000)


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(LIMITS)


@pytest.fixture(scope="module")
def patient_sandbox() -> Sandbox:
    """For honest code, which a busy machine may keep waiting."""
    return Sandbox(LIMITS.model_copy(update={"wall_s": 60}))


@pytest.fixture
def image_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The input, beside another sample's image; temporary folders are made there too, to be counted."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    Image.new("RGB", (400, 300), (200, 30, 30)).save(tmp_path / "input.jpg")
    Image.new("RGB", (400, 300), (30, 30, 200)).save(tmp_path / "other.jpg")
    return tmp_path / "input.jpg"


@pytest.fixture(autouse=True)
def _no_trace(image_path: Path, patient_sandbox: Sandbox) -> Iterator[None]:
    """Afterwards the files are as they were, no process of the call lives, and an honest crop works."""
    before = folder_state(image_path.parent)
    yield
    assert folder_state(image_path.parent) == before
    assert processes_naming(image_path) == []
    result = patient_sandbox.run(CROP, image_path)
    assert (result.status, result.stdout, [image.size for image in result.images]) == ("ok", "", [(100, 80)])


def folder_state(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def processes_naming(image_path: Path) -> list[str]:
    """Command lines with the image's path, bubblewrap's own in every namespace, a moment after the call."""
    alive: list[str] = []
    for _ in range(20):
        alive = [line for line in command_lines() if str(image_path) in line]
        if not alive:
            break
        time.sleep(0.05)
    return alive


def command_lines() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
