"""Every relative link of the documentation leads somewhere, and what GitHub runs exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from environments import REPOSITORY

PAGES = sorted(
    REPOSITORY / name
    for name in subprocess.check_output(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=REPOSITORY, text=True
    ).splitlines()
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def prose(path: Path) -> str:
    return re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def anchors(path: Path) -> set[str]:
    """Headings as GitHub and the site address them."""
    headings = re.findall(r"(?m)^#+ (.*)$", prose(path))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_relative_link_leads_to_a_file_and_a_heading_that_exist(page):
    lost = []
    for target in LINK.findall(prose(page)):
        file, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = (page.parent / file).resolve() if file else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            lost.append(target)
    assert lost == []


@pytest.mark.parametrize("path", sorted((REPOSITORY / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_what_the_checks_on_github_run_are_targets_that_exist(path):
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    targets = set(re.findall(r"(?m)^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8")))
    steps = [step for job in content.get("jobs", {}).values() for step in job["steps"]]
    called = {step["run"].removeprefix("make ") for step in steps if "run" in step}
    assert called <= targets
    if path.parent.name == "workflows":
        assert {"lint", "unit", "demo"} <= called
