"""A stand-in for conda where no conda can be had: the commands that Snakemake uses, over py-rattler.

Solving, linking and the pip sections are real. The channel is not: it lies in a local folder and holds two
packages under the names and versions that an environment asks for: this machine's Python as a virtual
environment, and the pip that the package index has under that version. What it proves is Snakemake's handling
of the environments and the pip sections, never that the public channel resolves.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import shlex
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import yaml
from rattler import MatchSpec, VirtualPackage, install, solve
from rattler.index import index_fs

SUBDIR = "linux-64"
ACTIVATE = 'export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"\n'


class Installation:
    """A conda installation in a folder: ``bin/conda``, ``bin/activate`` and the channel that it knows."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        self.channel = prefix / "channel"

    @property
    def programs(self) -> Path:
        return self.prefix / "bin"

    def make(self, conda: Mapping[str, str]) -> None:
        """Write the commands and a channel with these versions of python and pip."""
        self.programs.mkdir(parents=True)
        command = self.programs / "conda"
        here = " ".join(map(shlex.quote, (sys.executable, __file__, str(self.prefix))))
        command.write_text(f'#!/bin/sh\nexec {here} "$@"\n')
        command.chmod(0o755)
        (self.programs / "activate").write_text(ACTIVATE)
        folder = self.channel / SUBDIR
        folder.mkdir(parents=True)
        write_package(folder, "python", conda["python"], python_files(), depends=[])
        write_package(folder, "pip", conda["pip"], pip_files(conda["pip"], self.prefix), depends=["python"])
        asyncio.run(index_fs(self.channel))

    def create(self, file: Path, prefix: Path) -> None:
        """``conda env create``: the conda specs from the channel, then the pip section by the environment's pip."""
        *specs, last = yaml.safe_load(file.read_text())["dependencies"]
        asyncio.run(self._link([MatchSpec(spec, strict=True) for spec in specs], prefix))
        words = ["install", "--quiet", "--disable-pip-version-check", "--no-compile", *last["pip"]]
        subprocess.run([prefix / "bin" / "python", "-m", "pip", *words], check=True)

    async def _link(self, specs: list[MatchSpec], prefix: Path) -> None:
        records = await solve(
            [self.channel.as_uri()], specs, platforms=[SUBDIR, "noarch"], virtual_packages=VirtualPackage.detect()
        )
        await install(records, prefix, cache_dir=self.prefix / "pkgs", show_progress=False)


def python_files() -> dict[str, bytes | Path]:
    """This machine's Python as a virtual environment: files by path, links as paths."""
    base = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    settings = f"home = {base.parent}\ninclude-system-site-packages = false\n"
    return {"bin/python": base, "bin/python3": base, "pyvenv.cfg": settings.encode()}


def pip_files(version: str, folder: Path) -> dict[str, bytes | Path]:
    """The files of pip's wheel."""
    words = ["download", "--quiet", "--no-deps", "--dest", folder, f"pip=={version}"]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    site_packages = f"lib/python3.{sys.version_info.minor}/site-packages"
    with zipfile.ZipFile(folder / f"pip-{version}-py3-none-any.whl") as wheel:
        return {f"{site_packages}/{name}": wheel.read(name) for name in wheel.namelist()}


def write_package(folder: Path, name: str, version: str, files: Mapping[str, bytes | Path], depends: list[str]) -> None:
    """A conda package of the older form: files and links, and what the index has to know."""
    index = {
        "name": name, "version": version, "build": "0", "build_number": 0, "depends": depends, "subdir": SUBDIR,
        "timestamp": 1,
    }  # fmt: skip
    paths = [
        {"_path": path, "path_type": "softlink" if isinstance(content, Path) else "hardlink"}
        for path, content in files.items()
    ]
    facts = {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
    }
    with tarfile.open(folder / f"{name}-{version}-0.tar.bz2", "w:bz2") as archive:
        for path, content in (files | facts).items():
            member = tarfile.TarInfo(path)
            if isinstance(content, Path):
                member.type, member.linkname = tarfile.SYMTYPE, str(content)
                archive.addfile(member)
            else:
                member.size, member.mode = len(content), 0o644
                archive.addfile(member, io.BytesIO(content))


def main(prefix: str, *words: str) -> None:
    """The commands that Snakemake gives."""
    match words:
        case ("--version",):
            print("conda 25.7.0")
        case ("info", "--json"):
            print(json.dumps({"conda_prefix": prefix, "platform": SUBDIR}))
        case ("config", "--get", "channel_priority", "--json"):
            print(json.dumps({"get": {"channel_priority": "strict"}}))
        case ("env", "create", "--quiet", "--no-default-packages", "--file", file, "--prefix", target):
            Installation(Path(prefix)).create(Path(file), Path(target))
        case ("env", "create", "--prefix", target, "--file", file):  # as container definitions have it
            Installation(Path(prefix)).create(Path(file), Path(target))
        case ("clean", "-y", "--tarballs") | ("clean", "--all", "-y"):
            pass  # the channel is a folder: nothing was downloaded
        case _:
            sys.exit(f"the stand-in for conda knows no {' '.join(words)}")


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    main(*sys.argv[1:])
