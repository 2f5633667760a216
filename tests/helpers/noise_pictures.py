"""Pictures of noise: no two sizes show the same, and each size always shows the same."""

import numpy as np
from PIL import Image


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(width * height).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)
