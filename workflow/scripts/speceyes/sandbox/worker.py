"""What runs inside the sandbox: limits on itself, repairs, the model-written code, one reply.

Only the standard library is imported. Nothing here is trusted by the parent: the code shares this
process and may write any reply it likes.

The first byte on standard output says that the worker runs. Standard input then names the descriptor to read the
request from, one JSON object. The reply on standard output is one JSON line
(status, stdout, error, size of each image) and then the images' uncompressed pixels.
"""

from __future__ import annotations

import ast
import errno
import io
import json
import os
import resource
import sys
from types import TracebackType
from typing import Any

from speceyes.sandbox.published_repairs import repair_as_published
from speceyes.sandbox.repairs import CROP_HELPER, clamped_crop, repair
from speceyes.sandbox.saved_images import Pixels, UnusableImageError, decode, find_printed

READY = b"!"
CODE_NAME = "<code>"
MAX_ERROR_CHARS = 300
_FULL_DISK = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


class OutputLimitError(BaseException):
    """Too much was printed or saved; no ``except Exception`` of the code swallows it."""


class BoundedText(io.TextIOBase):
    """Standard output of the code, kept up to a number of characters."""

    def __init__(self, limit: int) -> None:
        self.text = ""
        self._limit = limit

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        room = self._limit - len(self.text)
        self.text += text[:room]
        if len(text) > room:
            raise OutputLimitError(f"more than {self._limit} characters printed")
        return len(text)


def main() -> None:
    """Say that we run, read the request, run it, reply."""
    os.write(1, READY)
    descriptor = sys.stdin.buffer.readline()
    if not descriptor:
        return  # the parent is gone
    with os.fdopen(int(descriptor), "rb") as file:
        request = json.loads(file.read())
    reply = os.dup(1)
    for stream in (0, 1):
        os.dup2(2, stream)
    limit_resources(request["limits"])
    os.chdir(request["output_dir"])
    header, images = answer(request)
    with os.fdopen(reply, "wb") as channel:
        channel.write(json.dumps(header).encode() + b"\n")
        channel.writelines(image.data for image in images)
    # Threads or exit handlers of the code have no say in when the process ends.
    os._exit(0)


def limit_resources(limits: dict[str, int]) -> None:
    """Hard limits by name ("RLIMIT_..."), which cannot be raised again."""
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, name), (value, value))


def answer(request: dict[str, Any]) -> tuple[dict[str, Any], list[Pixels]]:
    """Run the request's code; the reply's header and the saved images whose paths were printed."""
    printed = BoundedText(request["max_stdout_chars"])
    status, error, text = "ok", "", ""
    images: list[Pixels] = []
    try:
        names = execute(request, printed)
        text, paths = find_printed(printed.text, request["output_dir"])
        paths += [path for path in _unprinted(request, names) if path not in paths]
        if len(paths) > request["max_images"]:
            raise OutputLimitError(f"more than {request['max_images']} images")
        images = decode(paths, request["max_pixels"])
    except BaseException as raised:
        status, error = describe(raised)
        text = printed.text
    text = text.encode("utf-8", "replace").decode()
    claims = [{"width": image.width, "height": image.height} for image in images]
    return {"status": status, "stdout": text, "error": error, "images": claims}, images


def execute(request: dict[str, Any], printed: BoundedText) -> dict[str, Any]:
    """Repair and run the code as a main program with ``image_path`` set; the names that it defined."""
    program = compile(REPAIRS[request["repairs"]](request), CODE_NAME, "exec", dont_inherit=True)
    sys.path[:0] = request["packages"]
    names = {"__name__": "__main__", "image_path": request["image_path"], CROP_HELPER: clamped_crop, "exit": sys.exit}
    own: dict[str, Any] = {} if request["two_namespaces"] else names
    sys.stdout = printed
    try:
        exec(program, names, own)
    except SystemExit as stop:
        if stop.code not in (None, 0):
            raise
    finally:
        sys.stdout = sys.__stdout__
    return own


def _corrected(request: dict[str, Any]) -> ast.Module:
    return repair(request["code"], request["image_path"], request["protocol_dir"], request["output_dir"])


def _published(request: dict[str, Any]) -> ast.Module:
    paths = request["image_path"], request["protocol_dir"], request["output_dir"]
    return repair_as_published(request["code"], *paths, lambda: _image_size(request))


REPAIRS = {"corrected": _corrected, "published": _published}


def _image_size(request: dict[str, Any]) -> tuple[int, int]:
    sys.path[:0] = request["packages"]
    from PIL import Image  # noqa: PLC0415

    with Image.open(request["image_path"]) as image:
        return image.size


def _unprinted(request: dict[str, Any], names: dict[str, Any]) -> list[str]:
    """Published: a file that the variable ``processed_path`` names counts as printed."""
    path = names.get("processed_path") if request["repairs"] == "published" else None
    return find_printed(path, request["output_dir"])[1] if isinstance(path, str) else []


def describe(raised: BaseException) -> tuple[str, str]:
    """Status and one line of error text."""
    kind = type(raised).__name__
    try:
        message = " ".join(str(raised).split())
    except BaseException:
        message = ""
    where = f" (line {line})" if (line := code_line(raised.__traceback__)) else ""
    text = " ".join(f"{kind}: {message}"[:MAX_ERROR_CHARS].split()) + where
    if isinstance(raised, OutputLimitError):
        return "output_limit", message
    if isinstance(raised, UnusableImageError):
        return "failed", message
    if isinstance(raised, OSError) and raised.errno in _FULL_DISK:
        return "output_limit", text
    if isinstance(raised, MemoryError) or (kind == "error" and ("Insufficient memory" in message)):
        return "memory", f"MemoryError: the code needs too much memory{where}"
    return "failed", text


def code_line(trace: TracebackType | None) -> int:
    """The last line of the model-written code in the trace, 0 without one."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == CODE_NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
