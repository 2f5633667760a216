from __future__ import annotations

import errno
import struct

import pytest
from speceyes.sandbox.syscalls import FIRST_COMMON, UnknownArchitectureError, filter_program

X86_64, AARCH64, I386 = 0xC000003E, 0xC00000B7, 0x40000003
ALLOWED, KILLED = "allowed", "killed"


def verdict(machine: str, call: int, architecture: int) -> str | int:
    """What a kernel makes of a call under the filter: allowed, killed, or the error number."""
    program = list(struct.iter_unpack("=HBBI", filter_program(machine)))
    fields = {0: call, 4: architecture}
    register = at = 0
    while True:
        code, if_true, if_false, operand = program[at]
        at += 1
        if code == 0x20:
            register = fields[operand]
        elif code == 0x06:
            action, value = operand & 0xFFFF0000, operand & 0xFFFF
            return {0x7FFF0000: ALLOWED, 0x80000000: KILLED}.get(action, value)
        else:
            met = {0x15: register == operand, 0x35: register >= operand}[code]
            at += if_true if met else if_false


@pytest.mark.parametrize(
    ("machine", "architecture", "calls"),
    [
        ("x86_64", X86_64, {"read": 0, "openat": 257, "clone": 56, "ptrace": 101, "socket": 41}),
        ("aarch64", AARCH64, {"read": 63, "openat": 56, "clone": 220, "ptrace": 117, "socket": 198}),
    ],
)
def test_image_code_may_read_but_not_branch_out(machine: str, architecture: int, calls: dict[str, int]) -> None:
    assert {name: verdict(machine, number, architecture) for name, number in calls.items()} == {
        "read": ALLOWED,
        "openat": ALLOWED,
        "clone": errno.EAGAIN,
        "ptrace": errno.EPERM,
        "socket": errno.EPERM,
    }


@pytest.mark.parametrize("call", [FIRST_COMMON, 425, 435, 10_000, 0x40000000, 0x40000000 + 57, 2**32 - 1])
def test_calls_that_the_filter_does_not_know_do_not_exist(call: int) -> None:
    assert verdict("x86_64", call, X86_64) == verdict("aarch64", call, AARCH64) == errno.ENOSYS


@pytest.mark.parametrize(("machine", "other"), [("x86_64", I386), ("x86_64", AARCH64), ("aarch64", X86_64)])
def test_another_calling_convention_ends_the_process(machine: str, other: int) -> None:
    assert verdict(machine, 0, other) == KILLED


def test_a_machine_without_known_numbers_is_refused() -> None:
    with pytest.raises(UnknownArchitectureError, match="riscv64"):
        filter_program("riscv64")
