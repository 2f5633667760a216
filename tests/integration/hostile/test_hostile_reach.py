"""What code that means harm cannot reach: the host's files, other samples, the network, other processes, the kernel."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hostile_code import OUTPUT, attack
from speceyes.sandbox import Sandbox


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
