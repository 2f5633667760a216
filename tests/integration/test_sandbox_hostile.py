"""Code that means harm: it ends in time with a typed status, leaves no trace, and the next sample runs clean."""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from speceyes.sandbox import Sandbox, SandboxResult, SandboxSettings

WALL_S = 2.0
# Starting, killing and cleaning up on a busy machine.
SLACK_S = 3.0
PYTHON = f"/python/bin/{Path(sys.executable).resolve().name}"
OUTPUT = "/mnt/data/temp_processed_images"
CROP = f"""
from PIL import Image
Image.open(image_path).crop((0, 0, 100, 80)).save("{OUTPUT}/crop.png")
print("{OUTPUT}/crop.png")
"""


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    limits = SandboxSettings(wall_s=WALL_S, memory_mb=512, disk_mb=16, max_files=200, max_image_pixels=4_000_000)
    return Sandbox(limits)


@pytest.fixture
def image_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The input, beside another sample's image; temporary folders are made there too, to be counted."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    Image.new("RGB", (400, 300), (200, 30, 30)).save(tmp_path / "input.jpg")
    Image.new("RGB", (400, 300), (30, 30, 200)).save(tmp_path / "other.jpg")
    return tmp_path / "input.jpg"


@pytest.fixture(autouse=True)
def _no_trace(image_path: Path, sandbox: Sandbox) -> Iterator[None]:
    """Afterwards the files are as they were, no process of the call lives, and an honest crop works."""
    before = folder_state(image_path.parent)
    yield
    assert folder_state(image_path.parent) == before
    assert processes_naming(image_path) == []
    result = sandbox.run(CROP, image_path)
    assert (result.status, result.stdout, [image.size for image in result.images]) == ("ok", "", [(100, 80)])


def folder_state(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def processes_naming(image_path: Path) -> list[str]:
    """Command lines with the image's path, bubblewrap's own in every namespace, a moment after the call."""
    alive: list[str] = []
    for _ in range(20):
        alive = [line for line in command_lines() if str(image_path) in line]
        if not alive:
            break
        time.sleep(0.05)
    return alive


def command_lines() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue


def attack(sandbox: Sandbox, code: str, image_path: Path) -> SandboxResult:
    result = sandbox.run(code, image_path)
    assert result.seconds < WALL_S + SLACK_S
    assert (result.status == "ok") == (result.error == "")
    assert "\n" not in result.error
    return result


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/etc/hostname", str(Path.home()), __file__, "/proc/1/environ", "/sys/kernel", "/dev/sda"]
)
def test_nothing_of_the_host_can_be_read(sandbox: Sandbox, image_path: Path, path: str) -> None:
    code = f"import os\nprint(os.listdir({path!r}) if os.path.isdir({path!r}) else open({path!r}).read())"
    result = attack(sandbox, code, image_path)
    assert (result.status, result.stdout) == ("failed", "")
    assert "FileNotFoundError" in result.error


def test_other_samples_cannot_be_read(sandbox: Sandbox, image_path: Path) -> None:
    other = image_path.with_name("other.jpg")
    code = f"""
        import os
        for path in ({str(other)!r}, os.path.join(os.path.dirname(image_path), "other.jpg"), "../other.jpg"):
            print(os.path.exists(path))
        print(sorted(os.listdir(os.path.dirname(image_path))))
    """
    assert attack(sandbox, code, image_path).stdout.split("\n") == [
        *("False",) * 3,
        str(["input.jpg"]),
    ]


def test_no_call_sees_what_an_earlier_one_saved(sandbox: Sandbox, image_path: Path) -> None:
    attack(sandbox, "open('left.txt', 'w').write('x')", image_path)
    assert attack(sandbox, "import os\nprint(os.listdir('.'))", image_path).stdout == "[]"


def test_the_environment_is_not_the_hosts(sandbox: Sandbox, image_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCESS_TOKEN", "a secret")
    result = attack(sandbox, "import os\nprint(sorted(os.environ), os.getuid(), os.uname().nodename)", image_path)
    names = ["LD_LIBRARY_PATH", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM", "PWD"]
    assert result.stdout == f"{names} 65534 sandbox"


@pytest.mark.parametrize(
    "path",
    ["/x", "/etc/x", "/tmp/x", "/dev/shm/x", "/mnt/data/x", "/python/x", "/python/lib/x", "/python/packages/PIL/x"],
)
def test_nothing_can_be_written_outside(sandbox: Sandbox, image_path: Path, path: str) -> None:
    assert attack(sandbox, f"open({path!r}, 'w').write('x')", image_path).status == "failed"


@pytest.mark.parametrize(
    "deed",
    [
        "open(image_path, 'ab').write(b'x')",
        "os.remove(image_path)",
        "os.chmod(image_path, 0o777)",
        "os.utime(image_path, (0, 0))",
        "os.link(image_path, 'mine.jpg')",
        "os.makedirs({beside!r})",
        "os.mkdir(os.path.dirname(os.__file__) + '/site-packages/x')",
    ],
)
def test_input_and_surroundings_cannot_be_changed(sandbox: Sandbox, image_path: Path, deed: str) -> None:
    code = "import os\n" + deed.format(beside=str(image_path.parent / "made"))
    modified = image_path.stat()
    assert attack(sandbox, code, image_path).status == "failed"
    assert image_path.stat() == modified


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "/mnt/data/images/input.jpg", "/python/worker/speceyes/sandbox/worker.py"]
)
def test_a_link_that_leads_out_returns_nothing(sandbox: Sandbox, image_path: Path, target: str) -> None:
    code = f"import os\nos.symlink({target!r}, 'link.png')\nprint('{OUTPUT}/link.png')"
    result = attack(sandbox, code, image_path)
    assert (result.status, result.stdout, result.images) == ("ok", f"{OUTPUT}/link.png", ())


def test_a_linked_folder_leads_to_no_file(sandbox: Sandbox, image_path: Path) -> None:
    code = f"import os\nos.symlink({str(image_path.parent)!r}, 'd')\nopen('d/x', 'w')"
    assert attack(sandbox, code, image_path).status == "failed"


def test_a_listening_port_of_the_host_is_never_reached(sandbox: Sandbox, image_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        for code in (
            f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 1)",
            f"import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}/', timeout=1)",
            f"import subprocess\nsubprocess.run(['curl', 'http://127.0.0.1:{port}/'])",
            "import socket\nsocket.socket(socket.AF_UNIX).connect('\\0x')",
            f"import cv2\nassert cv2.VideoCapture('http://127.0.0.1:{port}/').isOpened()",
        ):
            assert attack(sandbox, code, image_path).status == "failed"
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    "code",
    [
        "import os\nwhile True: os.fork()",
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,)).start()",
        f"import subprocess\nsubprocess.Popen([{PYTHON!r}, '-c', 'while True: pass'])",
        "import multiprocessing\nmultiprocessing.Process(target=print).start()",
        f"import os\nos.posix_spawn({PYTHON!r}, ['python'], {{}})",
        "import os\nif os.fork() == 0:\n    os.setsid()\n    while True: pass",
    ],
)
def test_no_process_or_thread_is_started(sandbox: Sandbox, image_path: Path, code: str) -> None:
    assert attack(sandbox, code, image_path).status == "failed"


def test_a_stubborn_fork_bomb_only_wastes_its_own_time(sandbox: Sandbox, image_path: Path) -> None:
    code = """
        import os
        while True:
            try:
                os.fork()
            except OSError:
                pass
    """
    assert attack(sandbox, code, image_path).status == "timeout"


@pytest.mark.parametrize(
    "code",
    [
        "hoard = []\nwhile True: hoard.append(bytearray(2**24))",
        "import numpy as np\nnp.ones((100_000, 100_000))",
        "from PIL import Image\nImage.new('RGB', (100_000, 100_000))",
        "import cv2, numpy as np\ncv2.resize(np.zeros((9, 9, 3), np.uint8), (30_000, 30_000))",
        "import mmap\nmmap.mmap(-1, 2**31)[:] = 1",
    ],
)
def test_memory_is_bounded(sandbox: Sandbox, image_path: Path, code: str) -> None:
    assert attack(sandbox, code, image_path).status in {"memory", "failed"}


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import time\ntime.sleep(1000)",
        "import re\nre.match(r'(a+)+$', 'a' * 64 + 'b')",
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "class Slow(Exception):\n    def __str__(self):\n        while True: pass\nraise Slow",
        f"import os\nos.execv({PYTHON!r}, [{PYTHON!r}, '-Ic', 'while True: pass'])",
    ],
)
def test_the_clock_ends_it(sandbox: Sandbox, image_path: Path, code: str) -> None:
    assert attack(sandbox, code, image_path).status == "timeout"


@pytest.mark.parametrize(
    "code",
    [
        "file = open('big', 'wb')\nfor _ in range(10 * 2**10): file.write(bytes(2**20))",
        "open('big', 'wb').truncate(10 * 2**30)",
        "for n in range(10**6): open(f'{n}', 'wb').write(b'x')",
        "import os\nfor n in range(10**6): os.mkdir(f'{n}')",
        "import os\nopen('one', 'w')\nfor n in range(10**6): os.link('one', f'{n}')",
        "import os\nfor n in range(10**6): os.symlink('x' * 4000, f'{n}')",
        "while True: print('x' * 10_000)",
        "import sys\nwhile True: sys.stdout.write('x')",
        "for n in range(20):\n    Image.new('RGB', (9, 9)).save(f'{n}.png')\n    print(f'{n}.png')",
    ],
)
def test_output_is_bounded(sandbox: Sandbox, image_path: Path, code: str) -> None:
    assert attack(sandbox, code, image_path).status == "output_limit"


def test_a_flood_on_every_descriptor_is_cut_off(sandbox: Sandbox, image_path: Path) -> None:
    code = """
        import os
        for fd in range(64):
            try:
                while True:
                    os.write(fd, bytes(2**16)) if fd > 2 else os.write(fd, b"x") / 0
            except (OSError, ZeroDivisionError):
                pass
    """
    assert attack(sandbox, code, image_path).status in {"output_limit", "timeout"}


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


PNG_HEADER = "b'\\x89PNG\\r\\n\\x1a\\n'"
FORGED_PNG = f"""
import struct, zlib
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def png(width, height, *chunks):
    size = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return {PNG_HEADER} + chunk(b'IHDR', size) + b''.join(chunks) + chunk(b'IEND', b'')
"""


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


def test_a_trickle_of_output_does_not_hold_the_clock(sandbox: Sandbox, image_path: Path) -> None:
    code = """
        import os
        while True:
            for fd in range(3, 9):
                try:
                    os.write(fd, b"x")
                except OSError:
                    pass
    """
    assert attack(sandbox, code, image_path).status == "timeout"


def test_a_decompression_bomb_opened_inside_ends_inside(sandbox: Sandbox, image_path: Path) -> None:
    bomb = "png(100_000, 100_000, chunk(b'IDAT', zlib.compress(bytes(10**7))))"
    code = f"{FORGED_PNG}\nfrom PIL import Image\nopen('a.png', 'wb').write({bomb})\nImage.MAX_IMAGE_PIXELS = None\n"
    result = attack(sandbox, code + f"Image.open('{OUTPUT}/a.png').load()", image_path)
    assert result.status in {"memory", "failed"}


@pytest.mark.parametrize(
    "code",
    [
        "os.kill({parent}, signal.SIGKILL)",
        "os.kill(-1, signal.SIGKILL)",
        "os.killpg(0, signal.SIGKILL)",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os.kill(os.getpid(), signal.SIGSTOP)",
        "os.kill(os.getppid(), signal.SIGKILL); raise SystemExit(1)",
    ],
)
def test_only_itself_can_be_killed(sandbox: Sandbox, image_path: Path, code: str) -> None:
    code = "import os, signal\n" + code.format(parent=1 << 21)
    assert attack(sandbox, code, image_path).status in {"failed", "memory", "timeout"}


@pytest.mark.parametrize(
    "call",
    [
        "ptrace(0, 0, 0, 0)",
        "ptrace(16, 1, 0, 0)",
        "ptrace(16, os.getppid(), 0, 0)",
        "process_vm_readv(1, 0, 0, 0, 0, 0)",
        "mount(b'proc', b'/mnt/data/temp_processed_images', b'proc', 0, 0)",
        "umount2(b'/mnt/data/images/input.jpg', 2)",
        "unshare(0x10000000)",
        "setns(0, 0)",
        "setuid(0)",
        "chroot(b'.')",
        "memfd_create(b'x', 0)",
        "shmget(0, 2**20, 0o1777)",
        "syscall(425, 8, 0)",
        "syscall(435, 0, 0)",
        "syscall(438, 0, 0, 0)",
        "syscall(0x40000000 + 57)",
        "prctl(38, 0, 0, 0, 0)",
    ],
)
def test_the_kernel_refuses(sandbox: Sandbox, image_path: Path, call: str) -> None:
    result = attack(sandbox, f"import ctypes, os\nprint(ctypes.CDLL(None).{call})", image_path)
    assert (result.status, result.stdout) == ("ok", "-1")


@pytest.mark.parametrize(
    "code",
    [
        "import ctypes\nctypes.string_at(0)",
        "import ctypes\nctypes.memset(id(None), 0, 64)",
        "import os\nos.abort()",
        "import os\nos._exit(0)",
        "import json\njson.dumps = lambda *_: 'nonsense'",
        "import os\nfor fd in range(64):\n    try: os.close(fd)\n    except OSError: pass\nos._exit(0)",
        "raise type('two\\nlines', (Exception,), {})('more\\nlines')",
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        "def deeper(): deeper()\ndeeper()",
        "import sys\nsys.setrecursionlimit(10**9)\ndef deeper(): list(map(lambda _: deeper(), [0]))\ndeeper()",
        "(" * 60_000,
        "-" * 60_000 + "1",
        "x = 1\0",
        "x = '\\ud800'\nraise ValueError(x)",
        "#" * 100_000,
        "import sys\nsys.exit('no')",
    ],
    ids=range(16),
)
def test_a_crash_is_a_failure(sandbox: Sandbox, image_path: Path, code: str) -> None:
    assert attack(sandbox, code, image_path).status in {"failed", "memory"}
