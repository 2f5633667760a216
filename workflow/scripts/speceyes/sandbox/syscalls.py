"""The filter of system calls that model-written code runs under, as a classic BPF program.

The namespaces isolate; the filter takes away what image code never needs and what they do not
bound: new processes and threads (a process limit does not bind root), sockets, memory outside the
address-space limit, asynchronous I/O, tracing, key rings, mounts.
"""

from __future__ import annotations

import errno
import platform
import struct
from dataclasses import dataclass

# The numbers up to this one differ between architectures, later ones are shared. Whatever came since
# (io_uring, pidfd, clone3, mount by descriptor, ...) is unknown to the filter's age of kernel: the C
# library then does without.
FIRST_COMMON = 424

_PROCESSES = ("fork", "vfork", "clone")
_NUMBERS = {  # name: x86_64, aarch64; None where the architecture has no such call
    "fork": (57, None),
    "vfork": (58, None),
    "clone": (56, 220),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "memfd_create": (319, 279),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "personality": (135, 92),
    "modify_ldt": (154, None),
    "io_setup": (206, 0),
    "vmsplice": (278, 75),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
}
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000


@dataclass(frozen=True)
class _Architecture:
    audit: int
    column: int


_ARCHITECTURES = {"x86_64": _Architecture(0xC000003E, 0), "aarch64": _Architecture(0xC00000B7, 1)}


class UnknownArchitectureError(Exception):
    """The machine's system-call numbers are not known here."""


def filter_program(machine: str | None = None) -> bytes:
    """The program (array of ``struct sock_filter``) for this machine or the one named.

    Raises:
        UnknownArchitectureError: neither x86_64 nor aarch64.
    """
    machine = machine or platform.machine()
    if machine not in _ARCHITECTURES:
        raise UnknownArchitectureError(f"no system-call filter for {machine}")
    architecture = _ARCHITECTURES[machine]
    program = [
        _instruction(_LOAD, 4),
        _instruction(_EQUAL, architecture.audit, 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, 0),
        # Also catches the x32 calls, whose numbers have bit 30 set.
        _instruction(_AT_LEAST, FIRST_COMMON, 0, 1),
        _instruction(_RETURN, _ERRNO | errno.ENOSYS),
    ]
    for name, numbers in _NUMBERS.items():
        number = numbers[architecture.column]
        if number is not None:
            refusal = errno.EAGAIN if name in _PROCESSES else errno.EPERM
            program += [_instruction(_EQUAL, number, 0, 1), _instruction(_RETURN, _ERRNO | refusal)]
    return b"".join([*program, _instruction(_RETURN, _ALLOW)])


def _instruction(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)
