"""The border to what others wrote: what a reader raises becomes one line, values are shown short and escaped."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

LONGEST_VALUE = 60
LONGEST_REASON = 300


def shown(value: object) -> str:
    """A foreign value as a message may quote it: control characters escaped, long ones cut."""
    text = repr(value[: LONGEST_VALUE + 1] if isinstance(value, str | bytes) else value)
    if isinstance(value, str | bytes) and len(value) > LONGEST_VALUE:
        return f"{_cut(text, LONGEST_VALUE)} ({len(value)} {'characters' if isinstance(value, str) else 'bytes'})"
    return _cut(text, LONGEST_VALUE)


def plain(text: object, longest: int = LONGEST_REASON) -> str:
    """A name, path or reason on one line: white space joined, control characters escaped, cut where it is long."""
    joined = " ".join(str(text)[: 4 * longest].split())
    return _cut(joined if joined.isprintable() else repr(joined)[1:-1], longest)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


def reason(error: Exception) -> str:
    """What an exception says, on one line; its kind where it says nothing that helps."""
    if isinstance(error, ValidationError):
        return problem(error)
    if isinstance(error, RecursionError):
        return "nested too deep"
    if isinstance(error, MemoryError):
        return "too large for this machine's memory"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, KeyError | AttributeError | TypeError | IndexError) or not str(error).strip():
        return f"{type(error).__name__}: {plain(error)}".rstrip(": ")
    return plain(error)


def problem(error: ValidationError, whole: str = "") -> str:
    """The first of a model's complaints as ``field: what is wrong``; ``whole`` names what has no field."""
    first = error.errors(include_url=False, include_input=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "unknown key"
    field = ".".join(plain(part, LONGEST_VALUE) for part in first["loc"] if part != "[key]")
    return ": ".join(part for part in (field or whole, plain(message)) if part)


@contextmanager
def border(where: object, complaint: type[Exception], advice: str = "") -> Iterator[None]:
    """Turn whatever is raised inside into one line, ``where: reason; advice``; a complaint passes as it is.

    Args:
        where: file, and row where there is one.
        complaint: the reader's own exception.
        advice: what to do about it.

    Raises:
        Exception: a ``complaint``.
    """
    try:
        yield
    except complaint:
        raise
    except Exception as error:
        raise complaint(f"{plain(where)}: {reason(error)}{advice and f'; {advice}'}") from error


def open_regular(path: Path) -> BinaryIO:
    """A regular file opened for reading; nothing else is waited for or read.

    Raises:
        OSError: missing, unreadable, a folder, a named pipe, a device.
    """
    # Without O_NONBLOCK, opening a named pipe waits for a writer that may never come.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    raise OSError(None, f"{kinds.get(stat.S_IFMT(mode), 'a device')}, not a file")
