"""Pictures at the size a model takes: by qwen-vl-utils where it can be imported (with torchvision), else by Pillow."""

from __future__ import annotations

from types import ModuleType

from PIL import Image

from speceyes.images import ImageSettings, fit, fitted_size
from speceyes.pixels import to_rgb

try:
    from qwen_vl_utils import vision_process
except ImportError:
    vision_process = None


def sized(image: Image.Image, settings: ImageSettings) -> Image.Image:
    """The picture in RGB at the size of the rule, the same pixels with and without the package."""
    if vision_process is None or not _agrees(vision_process, image, settings):
        return fit(image, settings)
    limits = {"min_pixels": settings.min_pixels, "max_pixels": settings.max_pixels}
    made: Image.Image = vision_process.fetch_image(
        {"image": to_rgb(image), **limits}, image_patch_size=settings.factor // vision_process.SPATIAL_MERGE_SIZE
    )
    return made


def _agrees(package: ModuleType, image: Image.Image, settings: ImageSettings) -> bool:
    """Whether the package's size is ours: it refuses long strips, and oversteps the largest area on some pictures."""
    width, height = image.size
    if settings.factor % package.SPATIAL_MERGE_SIZE or max(width, height) > package.MAX_RATIO * min(width, height):
        return False
    theirs = package.smart_resize(
        height, width, factor=settings.factor, min_pixels=settings.min_pixels, max_pixels=settings.max_pixels
    )
    return tuple(theirs) == fitted_size(width, height, settings)[::-1]
