"""Model-written code does not outlive the process that called the sandbox, whenever that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from PIL import Image

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
CALLER = """
import os
import sys
from pathlib import Path
from speceyes.sandbox import Sandbox, SandboxSettings

sandbox = Sandbox(SandboxSettings(isolation=sys.argv[1], wall_s=60))
sandbox.check_machine()
sandbox.run("print(1)", Path(sys.argv[2]))
for _ in sys.stdin:
    child = os.fork()
    if not child:
        sandbox.run(sys.argv[3], Path(sys.argv[2]))
        os._exit(0)
    print(child, flush=True)
    os.waitpid(child, 0)
"""
SLEEP = "import time\ntime.sleep(50)"
SPIN = "while True: pass"
DEAF = "import signal\nfor n in (1, 2, 13, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass"


def running(mark: str) -> list[int]:
    """Processes whose command line holds this mark."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace")
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark in words and state != "Z":
            found.append(int(process.name))
    return found


@pytest.mark.parametrize("isolation", ["bubblewrap", "none-i-understand"])
@pytest.mark.parametrize(
    ("code", "delays_ms"),
    [(SLEEP, [*range(0, 26, 2), *range(30, 200, 25)]), (SPIN, [0, 5, 10, 20, 60, 150]), (DEAF, [3, 9, 15, 200])],
    ids=["sleeping", "busy", "deaf to signals"],
)
def test_the_code_dies_with_a_caller_killed_at_any_time(tmp_path, isolation, code, delays_ms):
    folder = tmp_path / uuid.uuid4().hex
    folder.mkdir()
    Image.new("RGB", (40, 40)).save(folder / "input.png")
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS), "TMPDIR": str(folder)}
    command = [sys.executable, "-c", CALLER, isolation, str(folder / "input.png"), code]
    survived = {}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        for delay in delays_ms:
            print(file=parent.stdin, flush=True)
            caller = int(parent.stdout.readline())
            time.sleep(delay / 1000)
            os.kill(caller, signal.SIGKILL)
            survived[delay] = survivors(folder.name, parent.pid)
        parent.stdin.close()
    assert not any(survived.values()), "processes left, by the caller's age in ms when it was killed"


def survivors(mark: str, parent: int) -> int:
    """How many processes are left after ten seconds; they are killed."""
    deadline = time.monotonic() + 10
    while (left := [process for process in running(mark) if process != parent]) and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in left:
        os.kill(process, signal.SIGKILL)
    return len(left)
