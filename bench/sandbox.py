"""How long one call of the sandbox takes: start-up, a plain crop, the same in OpenCV, and without isolation.

python bench/sandbox.py [--calls 30]
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from speceyes.sandbox import Sandbox, SandboxSettings

SAVED = "/mnt/data/temp_processed_images/crop.jpg"
CODES = {
    "start-up": "pass",
    "plain crop": f"Image.open(image_path).crop((200, 200, 600, 500)).save('{SAVED}')\nprint('{SAVED}')",
    "OpenCV crop": f"cv2.imwrite('{SAVED}', cv2.imread(image_path)[200:500, 200:600])\nprint('{SAVED}')",
}


def call_seconds(sandbox: Sandbox, code: str, image_path: Path, calls: int) -> list[float]:
    """Wall times of the calls, after one that is not counted."""
    results = [sandbox.run(code, image_path) for _ in range(calls + 1)]
    failed = [result.error for result in results if result.status != "ok"]
    if failed:
        raise SystemExit(failed[0])
    return [result.seconds for result in results[1:]]


def main() -> None:
    """Print one line per isolation and code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=30, help="calls measured per line")
    calls = parser.parse_args().calls
    sandboxes = [Sandbox(SandboxSettings()), Sandbox(SandboxSettings(isolation="none-i-understand"))]
    with TemporaryDirectory() as folder:
        image_path = Path(folder, "input.jpg")
        noise = np.random.default_rng(0).integers(0, 256, (800, 1200, 3), np.uint8)
        Image.fromarray(noise).save(image_path)
        for name, code in CODES.items():
            for sandbox in sandboxes:
                seconds = call_seconds(sandbox, code, image_path, calls)
                median = statistics.median(seconds)
                print(
                    f"{name:12} {sandbox.settings.isolation:17} median {1000 * median:5.0f} ms, "
                    f"slowest {1000 * max(seconds):5.0f} ms, {calls / sum(seconds):5.1f} calls/s"
                )


if __name__ == "__main__":
    main()
