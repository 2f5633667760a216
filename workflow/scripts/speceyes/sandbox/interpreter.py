"""The Python that model-written code runs on, taken apart into the few files it needs."""

from __future__ import annotations

import functools
import importlib.util
import json
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

# Loads every package that the protocol allows, with its lazily loaded parts, and tells what was mapped.
_PROBE = """
import sys, json
sys.path[:0] = json.loads(sys.argv[1])
import cv2, numpy, numpy.random
import ctypes, decimal, bz2, lzma, zlib
from PIL import Image, ImageDraw, ImageFont, ImageFilter
Image.init()
print(json.dumps(sorted({line.split(maxsplit=5)[5].strip() for line in open("/proc/self/maps") if ".so" in line})))
"""
_PACKAGES = ("PIL", "numpy", "cv2")


class UnusableInterpreterError(Exception):
    """The running Python lacks something that the sandbox needs; one line says what."""


@dataclass(frozen=True)
class Interpreter:
    """Files to be shown to the code, by host path.

    Attributes:
        executable: the real binary, links followed.
        prefix: what ``stdlib`` is relative to.
        stdlib: folder of the standard library.
        packages: folders of PIL, numpy, OpenCV and of the shared libraries that their wheels bring.
        libraries: every other shared library, by each name that it is loaded under.
    """

    executable: Path
    prefix: Path
    stdlib: Path
    packages: tuple[Path, ...]
    libraries: dict[str, Path]


def package_dirs() -> tuple[Path, ...]:
    """The folders that PIL, numpy and OpenCV are imported from, in the order in which they are searched.

    Raises:
        UnusableInterpreterError: one of them is not installed.
    """
    found = {name: importlib.util.find_spec(name) for name in _PACKAGES}
    missing = [name for name, spec in found.items() if spec is None or spec.origin is None]
    if missing:
        raise UnusableInterpreterError(f"not installed: {', '.join(missing)}")
    used = {Path(spec.origin).resolve().parents[1] for spec in found.values() if spec and spec.origin}
    searched = [folder for folder in map(Path.resolve, map(Path, sys.path)) if folder in used]
    return tuple(dict.fromkeys([*searched, *sorted(used)]))


@functools.cache
def inspect_interpreter() -> Interpreter:
    """This process's interpreter.

    Raises:
        UnusableInterpreterError: a package is missing or cannot be imported.
    """
    sites = package_dirs()
    executable, stdlib = Path(sys.executable).resolve(), Path(sysconfig.get_path("stdlib")).resolve()
    command = [str(executable), "-I", "-S", "-c", _PROBE, json.dumps([str(site) for site in sites])]
    probe = subprocess.run(command, capture_output=True, text=True, check=False)
    if probe.returncode:
        raise UnusableInterpreterError((probe.stderr.strip().splitlines() or ["cannot start Python"])[-1])
    # A later folder may hold a package as well, in another version.
    packages = {next(site / name for site in sites if (site / name).is_dir()) for name in _PACKAGES}
    libraries: dict[str, Path] = {}
    for mapped in map(Path, json.loads(probe.stdout)):
        site = next((site for site in sites if mapped.is_relative_to(site)), None)
        if site is not None:
            packages.add(site / mapped.relative_to(site).parts[0])
        elif not mapped.is_relative_to(stdlib):
            libraries.update(dict.fromkeys(_names(mapped), mapped))
    prefix = Path(sys.base_prefix).resolve()
    in_order = sorted(packages, key=lambda package: (sites.index(package.parent), package))
    return Interpreter(executable, prefix, stdlib, tuple(in_order), libraries)


def _names(library: Path) -> set[str]:
    """The file's name and those of the links beside it: a program asks for ``libz.so.1``, a link."""
    links = library.parent.glob(library.name.split(".so")[0] + ".so*")
    return {library.name} | {link.name for link in links if link.is_symlink() and link.resolve() == library}
