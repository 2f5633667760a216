"""Where a picture that an agent made was cut out of the original."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from speceyes.records.types import Box

# Mean squared difference, in grey levels, that storing a cut as JPEG stays well below and another place well above.
SAME_PLACE = 20.0


def cut_from(original: Image.Image, picture: Image.Image) -> Box | None:
    """The box (x1, y1, x2, y2), in the original's pixels, that shows the picture; None if it is no plain cut."""
    if picture.width > original.width or picture.height > original.height:
        return None
    whole, part = (np.asarray(image.convert("L"), dtype=np.float32) for image in (original, picture))
    differences = cv2.matchTemplate(whole, part, cv2.TM_SQDIFF) / part.size
    lowest, _, (x, y), _ = cv2.minMaxLoc(differences)
    return (x, y, x + picture.width, y + picture.height) if lowest < SAME_PLACE else None


def covers(box: Box, target: Box) -> bool:
    """Whether a box shows all of a target, a pixel of rounding aside."""
    return box[0] <= target[0] + 1 and box[1] <= target[1] + 1 and box[2] >= target[2] - 1 and box[3] >= target[3] - 1
