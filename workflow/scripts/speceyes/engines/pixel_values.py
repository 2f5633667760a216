"""Pictures as a model reads them, made once for as long as the picture is in use.

A picture of 8K takes a second or more to be resized and cut into patches, and an agent shows it again in every turn.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from PIL import Image

from speceyes.engines.by_picture import ByPicture
from speceyes.engines.sizing import sized
from speceyes.images import ImageSettings


class PixelValues(NamedTuple):
    """One picture: float patches of shape (patches, values), its grid (1, 3), and how many tokens it takes."""

    values: torch.Tensor
    grid: torch.Tensor
    tokens: int


class Preprocessor:
    """A model's image processor; what it made of a picture is kept while the picture is referenced.

    Args:
        image_processor: see :func:`speceyes.engines.processors.load_processor`.
        image: the size of pictures before the model's own rule.
    """

    def __init__(self, image_processor: Any, image: ImageSettings) -> None:
        self._process = image_processor
        self._patches_per_token = image_processor.merge_size**2
        self._image = image
        self._own_rule = _own_rule(image_processor)
        self._kept: ByPicture[PixelValues] = ByPicture()

    def __call__(self, image: Image.Image) -> PixelValues:
        if image not in self._kept:
            self._kept[image] = self._made(image)
        return self._kept[image]

    def _made(self, image: Image.Image) -> PixelValues:
        fitted = sized(sized(image, self._image), self._own_rule)
        made = self._process(images=[fitted], do_resize=False, return_tensors="pt")
        grid = made["image_grid_thw"]
        return PixelValues(made["pixel_values"], grid, int(grid.prod()) // self._patches_per_token)


def _own_rule(image_processor: Any) -> ImageSettings:
    """The model's own size rule; an image that already fits it is left alone.

    The published runs fit every image to multiples of 28 pixels, and Qwen3-VL's processor then to 32.
    """
    return ImageSettings(
        factor=image_processor.patch_size * image_processor.merge_size,
        min_pixels=image_processor.size["shortest_edge"],
        max_pixels=image_processor.size["longest_edge"],
    )
