"""The documentation's site, built for real."""

from __future__ import annotations

import os
import subprocess
import sys

from environments import REPOSITORY


def test_the_site_builds_and_has_every_page(tmp_path):
    """Not with ``--quiet``, under which mkdocs counts no warning and ``--strict`` forbids nothing."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path]
    silent = os.environ | {"NO_MKDOCS_2_WARNING": "1"}  # the theme's own announcement
    done = subprocess.run(command, cwd=REPOSITORY, env=silent, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    for page in (REPOSITORY / "docs").rglob("*.md"):
        place = page.relative_to(REPOSITORY / "docs").with_suffix("")
        assert (tmp_path / ("" if place.name == "index" else place) / "index.html").exists(), page
