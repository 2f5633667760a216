"""Self-contained pages: markup, style, scripts, columns and pictures in one file that asks the network for nothing."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from speceyes.analysis.names import benchmark_name, place_name
from speceyes.pages.explorer.columns import study_columns
from speceyes.pages.explorer.pictures import PictureCollection
from speceyes.pages.explorer.sources import StudyTables
from speceyes.runtime.atomic import write_whole

PAGE_BYTES = 58_000_000  # of a whole page; pictures share what the columns leave of it
PICTURE_BYTES = 32_000_000  # of all pictures together, before Base64 makes four bytes of three
SCRIPTS = (
    *("dom", "toolbar", "data", "replay", "columns", "state", "filters", "setting", "chart", "list", "export"),
    *("sample", "route", "answers", "tokens", "episode", "overview", "categories", "compare", "said", "app"),
)

_STATIC = files("speceyes.pages.explorer") / "static"


def write_explorer(tables: StudyTables, page: Path, apart: Mapping[str, Path], workers: int = 1) -> None:
    """Write the explorer.

    Args:
        tables: the study.
        page: the one page; with ``apart`` an index of the benchmarks' own pages.
        apart: a page of its own per benchmark, beside ``page``; empty for a study that fits one page.
        workers: threads that make thumbnails.

    Raises:
        RecordError: a pass that is not what it should be.
    """
    if not apart:
        benchmarks = dict.fromkeys(benchmark for benchmark, _ in tables.splits)
        _write_study(page, tables, list(benchmarks), "", workers)
        return
    for benchmark, path in apart.items():
        _write_study(path, tables, [benchmark], page.name, workers)
    _write_index(page, tables, apart)


def _write_study(path: Path, tables: StudyTables, benchmarks: Collection[str], index: str, workers: int) -> None:
    pictures = PictureCollection()
    columns = _packed(study_columns(tables, benchmarks, pictures) | {"index": index})
    picture_bytes = min(PICTURE_BYTES, (PAGE_BYTES - len(columns)) * 3 // 4)
    write_whole(path, _page(tables.study, columns, pictures.thumbnails(workers, picture_bytes)))


def _write_index(path: Path, tables: StudyTables, apart: Mapping[str, Path]) -> None:
    links = (_link(target.name, benchmark, tables) for benchmark, target in apart.items())
    names = {
        "head": _head(tables.study, []),
        "study": html.escape(tables.study),
        "links": "\n".join(links),
    }
    write_whole(path, Template(_resource("index.html")).substitute(names))


def _link(name: str, benchmark: str, tables: StudyTables) -> str:
    splits = ", ".join(place_name(split) for name, split in tables.splits if name == benchmark)
    title = benchmark_name(benchmark)
    return f'<li><a href="{html.escape(name)}">{html.escape(title)}</a> {html.escape(splits)}</li>'


def _page(study: str, columns: str, thumbnails: Sequence[bytes]) -> str:
    scripts = [_resource(f"{name}.js") for name in SCRIPTS]
    names = {
        "head": _head(study, scripts),
        "study": html.escape(study),
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
        "columns": columns,
        "pictures": "\n".join(_picture(number, content) for number, content in enumerate(thumbnails) if content),
    }
    return Template(_resource("page.html")).substitute(names)


def _head(study: str, scripts: Collection[str]) -> str:
    """Of a page's head what all pages have: the policy that lets these scripts run, title and style."""
    style = _resource("style.css")
    names = {"policy": _policy(scripts, style), "study": html.escape(study), "style": style}
    return Template(_resource("head.html")).substitute(names).rstrip()


def _policy(scripts: Collection[str], style: str) -> str:
    """A content security policy under which nothing runs but the page's own scripts, and nothing is fetched."""
    allowed = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts) or "'none'"
    sources = ["default-src 'none'", f"script-src {allowed}", f"style-src 'sha256-{_sha256(style)}'", "img-src data:"]
    return "; ".join([*sources, "base-uri 'none'", "form-action 'none'"])


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _packed(columns: Mapping[str, Any]) -> str:
    """Compressed JSON in Base64: short, and no text of a model can end the element that holds it."""
    content = json.dumps(columns, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(content.encode(), compresslevel=9, mtime=0)).decode()


def _picture(number: int, content: bytes) -> str:
    return f'<script type="image/webp" id="picture-{number}">{base64.b64encode(content).decode()}</script>'


def _resource(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")
