"""Pixels of any picture as 8-bit RGB. Pillow alone is imported: the sandbox's worker follows the same rule."""

from __future__ import annotations

from PIL import ExifTags, Image


def to_rgb(image: Image.Image) -> Image.Image:
    """The picture (its first frame) in RGB, as stored: an orientation noted beside the pixels is not applied.

    What is transparent becomes white, as in the Qwen models' own image loading; of 16-bit greys the upper
    eight bits are kept, as Pillow does with 16-bit colours.
    """
    if image.mode.startswith("I"):
        grey = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
        grey.info.pop("transparency", None)  # one of 65,536 greys; eight bits cannot name it
        return grey.convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    white = Image.new("RGB", image.size, (255, 255, 255))
    white.paste(rgba, mask=rgba.getchannel("A"))
    return white


def is_plain(image: Image.Image) -> bool:
    """Whether every library sees the same pixels in this file: one frame of opaque 8-bit RGB or grey, not turned."""
    return (
        image.mode in ("RGB", "L")
        and not image.has_transparency_data
        and getattr(image, "n_frames", 1) == 1
        and image.getexif().get(ExifTags.Base.Orientation, 1) == 1
    )
