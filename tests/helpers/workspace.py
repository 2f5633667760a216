"""A copy of the workflow in a folder of its own, and real Snakemake runs in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = Path("workflow") / "scripts"
PARTS = ("workflow", "config", "resources")
COMMAND = (sys.executable, "-m", "snakemake", "--workflow-profile", "workflow/profiles/miniature", "--cores", "2")


def shipped() -> list[str]:
    """The files of :data:`PARTS` that git knows or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PARTS]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (REPOSITORY / name).is_file()]


@dataclass(frozen=True)
class Stale:
    """What a run would execute: the rules, and what each job says of itself."""

    rules: set[str]
    messages: list[str]


@dataclass(frozen=True)
class Workspace:
    """A working copy with one study's configuration."""

    folder: Path
    config: Path

    @classmethod
    def copy(cls, folder: Path, config: str) -> Workspace:
        """The repository's parts below ``folder``, with ``config`` as the study's file."""
        for name in shipped():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, folder / name)
        written = folder / "config" / "study.yaml"
        written.write_text(config, encoding="utf-8")
        return cls(folder, written)

    def copied(self, folder: Path) -> Workspace:
        """The same working copy in another folder, results and Snakemake's notes included."""
        return Workspace(shutil.copytree(self.folder, folder), folder / "config" / self.config.name)

    def command(self, *words: str) -> list[str]:
        return [*COMMAND, "--configfile", str(self.config), *words]

    @property
    def environment(self) -> dict[str, str]:
        programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return os.environ | {"PATH": programs, "PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1"}

    def snakemake(self, *words: str) -> str:
        """Run to the end; what was said. A run that fails fails the test with its last words."""
        done = subprocess.run(
            self.command(*words), cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said[-6000:]
        return said

    def stale(self) -> Stale:
        """What a run would execute now."""
        said = self.snakemake("--dry-run")
        messages = re.findall(r"^Job \d+: (.*)$", said, re.MULTILINE)
        if not messages:
            assert "Nothing to be done" in said, said[-6000:]
            return Stale(set(), [])
        table = said[said.index("job  ") : said.index("total")].splitlines()[2:]
        return Stale({line.split()[0] for line in table if line.strip()}, messages)

    @contextmanager
    def edited(self, *paths: str, change: Callable[[str], str]) -> Iterator[None]:
        """Some of the workflow's scripts changed for a while, named relative to their folder."""
        before = {file: file.read_bytes() for file in (self.folder / SCRIPTS / path for path in paths)}
        for file, content in before.items():
            file.write_text(change(content.decode()), encoding="utf-8")
        try:
            yield
        finally:
            for file, content in before.items():
                file.write_bytes(content)
