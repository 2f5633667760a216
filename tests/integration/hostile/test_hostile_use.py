"""What code that means harm may use up: processes, memory, time and output are bounded, a crash is a failure."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile_code import PYTHON, attack
from speceyes.sandbox import Sandbox


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
