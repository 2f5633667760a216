"""Image sizes as the protocol wants them: multiples of a grid, area within bounds, bicubic."""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field


class ImageError(Exception):
    """An image file that cannot be read; the message names the file."""


class ImageSettings(BaseModel):
    """The resize rule of one model (paper's code: factor 28, 4·28² to 16384·28² pixels)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    factor: int = Field(28, gt=0, description="Sides become multiples of this many pixels.")
    min_pixels: int = Field(4 * 28 * 28, gt=0, description="Smaller images are enlarged to about this area.")
    max_pixels: int = Field(16384 * 28 * 28, gt=0, description="Larger images are reduced to about this area.")


def fitted_size(width: int, height: int, settings: ImageSettings) -> tuple[int, int]:
    """The (width, height) an image is resized to: nearest multiples, then scaled into the area bounds."""
    factor = settings.factor
    new_width = max(factor, round(width / factor) * factor)
    new_height = max(factor, round(height / factor) * factor)
    if new_width * new_height > settings.max_pixels:
        scale = math.sqrt(width * height / settings.max_pixels)
        new_width = max(factor, math.floor(width / scale / factor) * factor)
        new_height = max(factor, math.floor(height / scale / factor) * factor)
    elif new_width * new_height < settings.min_pixels:
        scale = math.sqrt(settings.min_pixels / (width * height))
        new_width = math.ceil(width * scale / factor) * factor
        new_height = math.ceil(height * scale / factor) * factor
    return new_width, new_height


def fit(image: Image.Image, settings: ImageSettings) -> Image.Image:
    """The image in RGB at its fitted size."""
    size = fitted_size(*image.size, settings)
    rgb = to_rgb(image)
    return rgb if rgb.size == size else rgb.resize(size, Image.Resampling.BICUBIC)


def to_rgb(image: Image.Image) -> Image.Image:
    """The image in RGB; what is transparent becomes white, as in the Qwen models' own image loading."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    white = Image.new("RGB", image.size, (255, 255, 255))
    white.paste(image, mask=image.getchannel("A"))
    return white


def open_image(path: Path) -> Image.Image:
    """The image file in RGB, fully decoded, as stored (no EXIF rotation: boxes and sizes refer to stored pixels).

    Raises:
        ImageError: the file is missing, truncated, not an image, or too large to be decoded safely.
    """
    try:
        with Image.open(path) as image:
            return to_rgb(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageError(f"{path}: not a readable image: {error}") from error
