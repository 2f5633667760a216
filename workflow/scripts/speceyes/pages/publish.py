"""One folder for any static host: the study's page, explorer, report, tables and figures, with links between them."""

from __future__ import annotations

import shutil
from pathlib import Path

from speceyes.pages.html_page import html_page

NEEDED = ("index.html", "explorer.html", "report.html", "config.yaml", "tables", "figures")


class UnfinishedStudyError(Exception):
    """The study lacks something that is published."""


def publish(results: Path, target: Path) -> list[Path]:
    """Copy what a reader opens.

    Args:
        results: a finished study's folder.
        target: the folder to write; what it holds of an earlier publication is replaced.

    Returns:
        What was written, files and folders.

    Raises:
        UnfinishedStudyError: the study or its report is not finished.
    """
    missing = [name for name in NEEDED if not (results / name).exists()]
    if missing:
        raise UnfinishedStudyError(
            f"{results} has no {', '.join(missing)}: finish the study and make its report, then publish"
        )
    target.mkdir(parents=True, exist_ok=True)
    sources = [results / name for name in NEEDED] + sorted(results.glob("explorer-*.html"))
    written = [_copied(source, target / source.name) for source in sources]
    dictionary = (results / "tables" / "README.md").read_text(encoding="utf-8")
    (target / "tables" / "index.html").write_text(html_page(f"{results.name}: tables", dictionary), encoding="utf-8")
    return written


def _copied(source: Path, target: Path) -> Path:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)
    return target
