"""Which installation of PIL, numpy and OpenCV model-written code gets where there are several."""

import dataclasses
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from speceyes.sandbox import SandboxUnavailableError
from speceyes.sandbox.bubblewrap import detect
from speceyes.sandbox.interpreter import inspect_interpreter
from speceyes.sandbox.no_isolation import NoIsolation

SITE = Path(importlib.util.find_spec("numpy").origin).parents[1]
SHARED_LIBRARIES = {"PIL": "pillow.libs", "numpy": "numpy.libs"}
RUN = """
import json, sys
from pathlib import Path
from speceyes.sandbox import Sandbox, SandboxSettings
from speceyes.sandbox.interpreter import inspect_interpreter

result = Sandbox(SandboxSettings(isolation=sys.argv[1], wall_s=8)).run(sys.argv[2], Path(sys.argv[3]))
print(json.dumps([result.status, result.error, result.stdout, list(map(str, inspect_interpreter().packages))]))
"""
SIZES = """
import cv2, numpy
from PIL import Image
print(Image.open(image_path).size, cv2.imread(image_path).shape)
"""


@pytest.mark.parametrize("isolation", ["bubblewrap", "none-i-understand"])
@pytest.mark.parametrize("name", SHARED_LIBRARIES)
def test_code_gets_the_installation_that_the_job_itself_imports(name: str, isolation: str, tmp_path: Path) -> None:
    first = tmp_path / "first"
    for part in (name, SHARED_LIBRARIES[name]):
        shutil.copytree(SITE / part, first / part, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    Image.new("RGB", (40, 30)).save(tmp_path / "picture.png")
    path = os.pathsep.join([str(first), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", RUN, isolation, SIZES, str(tmp_path / "picture.png")]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    status, error, stdout, packages = json.loads(done.stdout)
    assert (status, error, stdout.strip()) == ("ok", "", "(40, 30) (30, 40, 3)")
    shown = {Path(package).name: Path(package).parent for package in packages}
    assert len(shown) == len(packages)
    assert shown[name] == shown[SHARED_LIBRARIES[name]] == first


@pytest.mark.parametrize("name", ["PIL", "cv2"])
def test_no_code_runs_where_a_package_that_it_may_use_cannot_be_imported(name: str, tmp_path: Path) -> None:
    whole = inspect_interpreter()
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("raise ImportError('broken here')")
    others = [package for package in whole.packages if package.name != name]
    broken = dataclasses.replace(whole, packages=(tmp_path / name, *others))
    with pytest.raises(SandboxUnavailableError, match="broken here"):
        detect(broken, disk_bytes=2**20, max_files=8)
    with pytest.raises(SandboxUnavailableError, match="broken here"):
        NoIsolation(broken).try_out()
