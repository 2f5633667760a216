"""One call of the sandbox: start the worker, wait no longer than allowed, check all that it returns."""

from __future__ import annotations

import json
import math
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from speceyes.images import plain_file
from speceyes.sandbox.bubblewrap import detect
from speceyes.sandbox.images import PIXEL_BYTES, SPOILED_REPLY, ReturnedImage, ReturnedImageError, open_returned
from speceyes.sandbox.interpreter import UnusableInterpreterError, inspect_interpreter
from speceyes.sandbox.isolation import PROTOCOL_DIR, Isolation, SandboxUnavailableError, WorkerLaunch
from speceyes.sandbox.no_isolation import NoIsolation
from speceyes.sandbox.settings import Execution, SandboxResult, SandboxSettings, Status
from speceyes.sandbox.worker import READY

MIB = 2**20
START_S = 60  # a busy machine's, not the code's
_CHUNK = 2**16
_BYTES_PER_CHAR = 12  # of JSON, escaped as two surrogates
_MAX_ERROR_CHARS = 400


class _Header(BaseModel):
    """First line of the worker's reply."""

    model_config = ConfigDict(strict=True, extra="forbid")

    status: Literal["ok", "failed", "memory", "output_limit"]
    stdout: str
    error: str = Field(max_length=_MAX_ERROR_CHARS)
    images: list[ReturnedImage]


class _EndedError(Exception):
    """The call ended without a usable reply."""

    def __init__(self, status: Status, error: str) -> None:
        super().__init__(error)
        self.status = status


class Sandbox:
    """Runs model-written image code, one process per call, nothing kept between calls."""

    def __init__(self, settings: SandboxSettings, execution: Execution | None = None) -> None:
        self.settings = settings
        self.execution = execution or Execution()

    def check_machine(self) -> None:
        """Code must be able to run here; to be asked before work begins.

        Raises:
            SandboxUnavailableError: it cannot; one line that says why.
        """
        _ = self._isolation

    def run(self, code: str, image_path: Path) -> SandboxResult:
        """Run the code with the image as its input; however the code ends is a status.

        Args:
            code: model-written Python, without its fence.
            image_path: the one file of the host that the code may read (a copy of its pixels, where libraries
                would see it differently).

        Raises:
            FileNotFoundError: there is no such image.
            SandboxUnavailableError: the sandbox did not start, so that no code was run.
        """
        started = time.perf_counter()
        image_path = image_path.resolve(strict=True)
        try:
            header, pixels = self._call(code, image_path)
            images = open_returned(header.images, pixels, self.settings.max_images, self.settings.max_image_pixels)
            status, stdout, error = header.status, header.stdout, " ".join(header.error.split())
        except (_EndedError, ReturnedImageError) as ended:
            status, stdout, error, images = getattr(ended, "status", "failed"), "", str(ended), ()
        return SandboxResult(status, stdout, error, images, time.perf_counter() - started)

    @cached_property
    def _isolation(self) -> Isolation:
        """How workers are isolated here.

        Raises:
            SandboxUnavailableError: they cannot be.
        """
        settings = self.settings
        try:
            interpreter = inspect_interpreter()
            if settings.isolation == "none-i-understand":
                return NoIsolation(interpreter)
            return detect(interpreter, settings.disk_mb * MIB, settings.max_files)
        except (SandboxUnavailableError, UnusableInterpreterError) as error:
            raise SandboxUnavailableError(
                f"model-written code is refused, the sandbox cannot work here: {error}"
            ) from error

    def _call(self, code: str, image_path: Path) -> tuple[_Header, memoryview]:
        """Start, wait, parse: the reply's header and the returned images' pixels.

        Raises:
            _EndedError: too slow, too large, or no reply that can be read.
            SandboxUnavailableError: the worker did not start.
        """
        if len(code) > self.settings.max_code_chars:
            raise _EndedError("failed", f"the code is longer than {self.settings.max_code_chars} characters")
        with (
            plain_file(image_path) as picture,
            self._isolation.launch(picture) as launch,
            _memory_file(self._request(code, launch)) as request,
            _process(launch, request) as process,
        ):
            assert process.stdin is not None
            self._await_start(process)
            deadline = time.monotonic() + self.settings.wall_s
            with suppress(BrokenPipeError):
                os.write(process.stdin.fileno(), f"{request}\n".encode())
            reply = self._receive(process, deadline)
            if not reply:
                raise self._ending(process, deadline)
        return self._parse(reply)

    def _request(self, code: str, launch: WorkerLaunch) -> bytes:
        settings = self.settings
        fields = {
            "code": code,
            "repairs": self.execution.repairs,
            "two_namespaces": self.execution.two_namespaces,
            "image_path": launch.image_path,
            "protocol_dir": PROTOCOL_DIR,
            "output_dir": launch.output_dir,
            "packages": launch.packages,
            "max_stdout_chars": settings.max_stdout_chars,
            "max_images": settings.max_images,
            "max_pixels": settings.max_image_pixels,
            "limits": {
                "RLIMIT_AS": settings.memory_mb * MIB,
                # Not 0: the kernel hands a dump to the host's crash reporter all the same, and at 1 does not.
                "RLIMIT_CORE": 1,
                # The wall clock ends the call; this one counts where the parent no longer can.
                "RLIMIT_CPU": math.ceil(settings.wall_s) + 1,
                "RLIMIT_FSIZE": settings.disk_mb * MIB,
                "RLIMIT_MEMLOCK": 0,
                "RLIMIT_NOFILE": settings.max_open_files,
                "RLIMIT_NPROC": 0,
            },
        }
        return json.dumps(fields).encode()

    def _await_start(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the worker says that it runs; only then it is told where the code lies.

        By then all between us is bound to die with us; were we killed earlier, the worker would get no code.

        Raises:
            SandboxUnavailableError: it does not, which is no fault of the code's.
        """
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(START_S):
                raise SandboxUnavailableError(f"the sandbox did not start within {START_S} s")
        if os.read(process.stdout.fileno(), len(READY)) != READY:
            self._isolation.try_out()  # says what is missing
            raise SandboxUnavailableError(f"the sandbox did not start: exit code {process.wait()}")

    def _receive(self, process: subprocess.Popen[bytes], deadline: float) -> bytearray:
        """The reply, empty if the worker ended without one."""
        limit = self._max_header_bytes + self.settings.max_image_pixels * PIXEL_BYTES
        received = bytearray()
        with selectors.DefaultSelector() as selector:
            assert process.stdout is not None
            selector.register(process.stdout, selectors.EVENT_READ)
            # The clock is asked every time: a trickle of bytes must not keep the call alive.
            while (left := deadline - time.monotonic()) > 0 and selector.select(left):
                chunk = os.read(process.stdout.fileno(), _CHUNK)
                if not chunk:
                    return received
                received += chunk
                if len(received) > limit:
                    raise _EndedError("output_limit", "the code returned too much")
        raise self._timeout()

    @property
    def _max_header_bytes(self) -> int:
        return _CHUNK + self.settings.max_stdout_chars * _BYTES_PER_CHAR

    def _parse(self, reply: bytearray) -> tuple[_Header, memoryview]:
        """The reply's header and what follows it.

        Raises:
            _EndedError: the header is not one, or says more than the worker would.
        """
        end = reply.find(b"\n", 0, self._max_header_bytes)
        try:
            header = _Header.model_validate_json(bytes(reply[: max(end, 0)]))
        except ValidationError as error:
            raise _EndedError("failed", SPOILED_REPLY) from error
        if len(header.stdout) > self.settings.max_stdout_chars:
            raise _EndedError("failed", SPOILED_REPLY)
        return header, memoryview(reply)[end + 1 :]

    def _ending(self, process: subprocess.Popen[bytes], deadline: float) -> _EndedError:
        """Why there is no reply, from how the process ends (bubblewrap reports a signal as 128 + its number)."""
        try:
            code = process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return self._timeout()
        number = -code if code < 0 else code - 128
        if number == signal.SIGXCPU:
            return self._timeout()
        if number == signal.SIGKILL:
            return _EndedError("memory", "the code was killed, most likely for its use of memory")
        if number in set(signal.Signals):
            return _EndedError("failed", f"the code crashed: {signal.Signals(number).name}")
        return _EndedError("failed", f"the code ended its own process (exit code {code})")

    def _timeout(self) -> _EndedError:
        return _EndedError("timeout", f"the code ran longer than {self.settings.wall_s:g} s")


@contextmanager
def _memory_file(content: bytes) -> Iterator[int]:
    """A descriptor to read the content from: unlike a pipe, it never blocks who writes."""
    descriptor = os.memfd_create("request")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _process(launch: WorkerLaunch, request: int) -> Iterator[subprocess.Popen[bytes]]:
    """The worker, killed with everything that it started.

    Raises:
        SandboxUnavailableError: a program that it needs cannot be started.
    """
    try:
        process = subprocess.Popen(
            launch.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(*launch.file_descriptors, request),
            env=launch.environment,
            start_new_session=True,
        )
    except OSError as error:
        raise SandboxUnavailableError(f"the sandbox did not start: {error}") from error
    with process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
