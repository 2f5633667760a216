"""Malicious code, run in the sandbox: it ends in time with a typed status."""

from __future__ import annotations

import sys
from pathlib import Path

from speceyes.sandbox import Sandbox, SandboxResult

WALL_S = 2.0
# Starting, killing and cleaning up on a busy machine.
SLACK_S = 3.0
PYTHON = f"/python/bin/{Path(sys.executable).resolve().name}"
OUTPUT = "/mnt/data/temp_processed_images"


def attack(sandbox: Sandbox, code: str, image_path: Path) -> SandboxResult:
    result = sandbox.run(code, image_path)
    assert result.seconds < WALL_S + SLACK_S
    assert (result.status == "ok") == (result.error == "")
    assert "\n" not in result.error
    return result


PNG_HEADER = "b'\\x89PNG\\r\\n\\x1a\\n'"
FORGED_PNG = f"""
import struct, zlib
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def png(width, height, *chunks):
    size = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return {PNG_HEADER} + chunk(b'IHDR', size) + b''.join(chunks) + chunk(b'IEND', b'')
"""
