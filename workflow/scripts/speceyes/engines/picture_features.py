"""What a model's vision tower makes of pictures, made once for as long as the picture is in use.

An agent shows its picture again in every turn, and SpecReason with every step and every score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image

from speceyes.engines.by_picture import ByPicture

PER_PICTURE = ("pooler_output", "deepstack_features")  # of the tower's output, what the language model reads


class PictureFeatures:
    """The features of one model's pictures.

    They are kept in the machine's memory: those of an 8K picture take 120 MB for a 7B model.

    Args:
        model: of Qwen's families, which split what the tower makes by picture.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._kept: ByPicture[dict[str, Any]] = ByPicture()
        self._kind: Any = None

    def in_place_of_pixels(self, inputs: Any, pictures: Sequence[Image.Image]) -> Any:
        """What ``generate`` is called with, the pictures' features in it and not their patches.

        Args:
            inputs: a batch, as its codec encodes it.
            pictures: of the batch, in order; one at least.
        """
        new = {id(picture): place for place, picture in enumerate(pictures) if picture not in self._kept}
        if new:
            self._make([(place, pictures[place]) for place in new.values()], inputs)
        features = {
            name: _joined([self._kept[picture][name] for picture in pictures], self._model.device)
            for name in self._kept[pictures[0]]
        }
        told = {name: value for name, value in inputs.items() if name != "pixel_values"}
        return told | {"mm_encoder_outputs": {"image": self._kind(**features)}}

    def _make(self, new: Sequence[tuple[int, Image.Image]], inputs: Any) -> None:
        grids = inputs["image_grid_thw"]
        patches = torch.split(inputs["pixel_values"], grids.prod(dim=-1).tolist())
        places = [place for place, _ in new]
        made = self._model.get_image_features(
            torch.cat([patches[place] for place in places]), grids[places], return_dict=True
        )
        self._kind = type(made)
        for number, (_, picture) in enumerate(new):
            self._kept[picture] = {name: _of_one(made[name], number) for name in PER_PICTURE if name in made}


def _of_one(features: Any, number: int) -> Any:
    """One picture's part of a tuple of pictures, or of such a tuple for each of several layers."""
    if isinstance(features, tuple):
        return features[number].cpu()
    return [layer[number].cpu() for layer in features]


def _joined(features: list[Any], device: torch.device) -> Any:
    """The parts of several pictures, as :func:`_of_one` took them apart."""
    if isinstance(features[0], torch.Tensor):
        return tuple(one.to(device) for one in features)
    return [tuple(one.to(device) for one in layer) for layer in zip(*features, strict=True)]
