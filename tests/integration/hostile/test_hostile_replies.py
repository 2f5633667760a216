"""Replies and pictures that code forges: none is believed, none is decoded beyond the limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hostile_code import FORGED_PNG, OUTPUT, attack
from speceyes.sandbox import Sandbox


def forged(mode: str = "RGB", **size: int) -> bytes:
    """A reply's header that claims one image."""
    header = {"status": "ok", "stdout": "", "error": "", "images": [{"mode": mode, **size}]}
    return json.dumps(header).encode() + b"\n"


@pytest.mark.parametrize(
    "header",
    [
        b"\xff\xfe",
        b"{}\n",
        b'{"status": "ok", "stdout": "", "error": "", "images": [99999999999]}\n',
        forged(width=100_000, height=100_000),
        forged(width=-2, height=-2) + bytes(12),
        forged(width=2, height=2) + bytes(11),
        forged(width=2, height=2) + bytes(13),
        forged(mode="P", width=2, height=2) + bytes(4),
        forged(mode="RGBA", width=10**400, height=1),
        b'{"status": "ok", "stdout": "' + b"x" * 20_000 + b'", "error": "", "images": []}\n',
        b'{"status": "root", "stdout": "", "error": "", "images": []}\n',
        b'{"status": "ok", "stdout": 1, "error": "", "images": []}\n',
    ],
)
def test_a_forged_reply_is_not_believed(sandbox: Sandbox, image_path: Path, header: bytes) -> None:
    code = f"""
        import os
        for fd in range(3, 64):
            try:
                os.write(fd, {header!r})
            except OSError:
                pass
        os._exit(0)
    """
    assert attack(sandbox, code, image_path).status == "failed"


@pytest.mark.parametrize(
    ("save", "complaint"),
    [
        ("Image.new('1', (6_000, 6_000)).save('a.png')", "pixels"),
        ("open('a.png', 'wb').write(png(100_000, 100_000, chunk(b'IDAT', zlib.compress(bytes(1000)))))", "pixels"),
        ("open('a.png', 'wb').write(png(60_000, 1_000, chunk(b'IDAT', zlib.compress(bytes(10**7)))))", "pixels"),
        ("open('a.png', 'wb').write(png(90, 90, chunk(b'IDAT', zlib.compress(bytes(90)))))", "damaged"),
        ("open('a.png', 'wb').write(png(90, 90, chunk(b'zTXt', b'k\\0\\0' + zlib.compress(bytes(10**8)))))", "a PNG"),
        ("open('a.png', 'wb').write(png(0, 0))", "a PNG"),
        ("open('a.png', 'w').write('no image')", "not a PNG"),
        ("Image.new('RGB', (9, 9)).save('a.png', 'GIF')", "not a PNG"),
        ("Image.new('RGB', (9, 9)).save('a.png', 'TIFF')", "not a PNG"),
        ("Image.new('RGB', (9, 9)).save('a.png', 'EPS')", "not a PNG"),
    ],
)
def test_a_bad_image_is_not_returned(sandbox: Sandbox, image_path: Path, save: str, complaint: str) -> None:
    code = f"{FORGED_PNG}\nfrom PIL import Image\n{save}\nprint('{OUTPUT}/a.png')"
    result = attack(sandbox, code, image_path)
    assert (result.status, result.images) == ("failed", ())
    assert complaint in result.error


SCAN_BOMB = f"""
import io
file = io.BytesIO()
Image.new('L', (2000, 2000)).save(file, 'JPEG', progressive=True)
jpeg = file.getvalue()
last_scan = jpeg[jpeg.rindex(b'\\xff\\xda'):-2]
open('a.jpg', 'wb').write(jpeg[:-2] + last_scan * 100_000 + jpeg[-2:])
print('{OUTPUT}/a.jpg')
"""


def test_an_image_that_takes_hours_to_decode_takes_only_its_own_time(sandbox: Sandbox, image_path: Path) -> None:
    assert attack(sandbox, SCAN_BOMB, image_path).status == "timeout"


def test_a_decompression_bomb_opened_inside_ends_inside(sandbox: Sandbox, image_path: Path) -> None:
    bomb = "png(100_000, 100_000, chunk(b'IDAT', zlib.compress(bytes(10**7))))"
    code = f"{FORGED_PNG}\nfrom PIL import Image\nopen('a.png', 'wb').write({bomb})\nImage.MAX_IMAGE_PIXELS = None\n"
    result = attack(sandbox, code + f"Image.open('{OUTPUT}/a.png').load()", image_path)
    assert result.status in {"memory", "failed"}
