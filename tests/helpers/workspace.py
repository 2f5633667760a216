"""A copy of the workflow in a folder of its own, and real Snakemake runs in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PARTS = ("workflow", "config", "resources")
COMMAND = (sys.executable, "-m", "snakemake", "--workflow-profile", "workflow/profiles/miniature", "--cores", "2")


def shipped() -> list[str]:
    """The files of :data:`PARTS` that git knows or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PARTS]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (REPOSITORY / name).is_file()]


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

    def command(self, *words: str) -> list[str]:
        return [*COMMAND, "--configfile", str(self.config), *words]

    @property
    def environment(self) -> dict[str, str]:
        programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return os.environ | {"PATH": programs, "OMP_NUM_THREADS": "1"}

    def snakemake(self, *words: str) -> str:
        """Run to the end; what was said. A run that fails fails the test with its last words."""
        done = subprocess.run(
            self.command(*words), cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said[-6000:]
        return said

    def stale_rules(self) -> set[str]:
        """Rules that a run would execute now."""
        said = self.snakemake("--dry-run", "--quiet", "rules")
        if "Nothing to be done" in said:
            return set()
        table = said[said.index("job  ") : said.index("total")].splitlines()[2:]
        return {line.split()[0] for line in table if line.strip()}

    def edit(self, module: str) -> None:
        """Change a library module as an edit would: its bytes, not its meaning."""
        path = self.folder / "workflow" / "scripts" / "speceyes" / module
        path.write_text(path.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")

    def undo(self, module: str) -> None:
        """Take :meth:`edit` back."""
        name = Path("workflow") / "scripts" / "speceyes" / module
        shutil.copyfile(REPOSITORY / name, self.folder / name)
