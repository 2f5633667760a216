"""The pip section of every environment, resolved by the pip that the environment pins: complete and free of conflicts.

It proves nothing about the conda channel, which need not be within reach here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from environments import FILES, Environment
from packaging.utils import canonicalize_name
from packaging.version import Version

# What builds of torch for a GPU bring; torch pins it, and not every build has it.
OF_THE_BUILD = re.compile(r"nvidia-|cuda-|triton$")


@pytest.fixture(scope="module")
def pip(tmp_path_factory) -> Path:
    """The pinned pip in a virtual environment of its own."""
    (pinned,) = {str(Environment.read(path).conda[1].version).removesuffix(".*") for path in FILES}
    folder = tmp_path_factory.mktemp("pip")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin" / "pip", "install", "--quiet", f"pip=={pinned}"], check=True)
    return folder / "bin" / "pip"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_pins_resolve_to_themselves_and_nothing_more(path, pip, tmp_path):
    environment = Environment.read(path)
    report = tmp_path / "report.json"
    words = ["install", "--dry-run", "--ignore-installed", "--quiet", "--report", report, *map(str, environment.pip)]
    done = subprocess.run([pip, *words], check=False, capture_output=True, text=True)
    assert done.returncode == 0, "\n".join(line for line in done.stderr.splitlines() if line.startswith("ERROR"))
    resolved = {
        canonicalize_name(item["metadata"]["name"]): Version(item["metadata"]["version"]).public
        for item in json.loads(report.read_text())["install"]
    }
    assert {name: version for name, version in resolved.items() if not OF_THE_BUILD.match(name)} == {
        name: pin.public for name, pin in environment.pins.items()
    }
