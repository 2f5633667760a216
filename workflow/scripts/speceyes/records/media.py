"""Pictures that agents make, kept once each under the hash of their pixels' file."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from PIL import Image

from speceyes.pixels import to_rgb
from speceyes.runtime.atomic import whole

LONGEST_JPEG_SIDE = 65_500


class MediaStore:
    """A folder of content-addressed files, JPEG where its sides allow it, else PNG; safe for several jobs at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, image: Image.Image) -> str:
        """Store an image unless it is there; returns its file name."""
        form, suffix = ("JPEG", "jpg") if max(image.size) <= LONGEST_JPEG_SIDE else ("PNG", "png")
        buffer = io.BytesIO()
        to_rgb(image).save(buffer, form, quality=90)
        content = buffer.getvalue()
        name = f"{hashlib.sha256(content).hexdigest()[:32]}.{suffix}"
        target = self.folder / name
        if not target.exists():
            with whole(target) as part:
                part.write_bytes(content)
        return name
