"""The sandbox's limits and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

Status = Literal["ok", "timeout", "failed", "memory", "output_limit"]


class SandboxSettings(BaseModel):
    """Limits of one call; the defaults fit an 8K image."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    isolation: Literal["bubblewrap", "none-i-understand"] = Field(
        "bubblewrap",
        description="bubblewrap: code is refused where bubblewrap cannot work; "
        "none-i-understand: model-written code runs with your rights, limits only.",
    )
    wall_s: float = Field(10.0, gt=0, le=600, description="Seconds from start to kill (protocol: 10).")
    memory_mb: int = Field(4096, ge=256, description="Address space in MiB.")
    disk_mb: int = Field(256, gt=0, description="Size of the output folder, and of a file in it, in MiB.")
    max_files: int = Field(1000, gt=0, description="Files and folders in the output folder.")
    max_open_files: int = Field(64, ge=16, description="Files open at once.")
    max_code_chars: int = Field(65536, gt=0, description="Longer code is not run.")
    max_stdout_chars: int = Field(16384, gt=0, description="Printed text; code that prints more is stopped.")
    max_images: int = Field(8, gt=0, description="Images returned.")
    max_image_pixels: int = Field(50_000_000, gt=0, description="Pixels of the returned images together.")


@dataclass(frozen=True)
class Execution:
    """How code is prepared and run.

    Attributes:
        repairs: the repairs made first: ours, or those of the paper's code.
        two_namespaces: names defined at the code's top are invisible inside functions and comprehensions, as where
            ``exec`` is given separate globals and locals.
    """

    repairs: Literal["corrected", "published"] = "corrected"
    two_namespaces: bool = False


@dataclass(frozen=True)
class SandboxResult:
    """How one call ended.

    Attributes:
        status: ``ok``, or why there is nothing to show.
        stdout: what the code printed, without the lines that name a returned image.
        error: one line for the model; empty when all went well.
        images: RGB, fully decoded, in the order in which the code printed their paths.
        seconds: wall time of the call.
    """

    status: Status
    stdout: str
    error: str
    images: tuple[Image.Image, ...]
    seconds: float
