"""Publishing: everything that a page links to is in the folder, and an unfinished study is refused in one line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from speceyes.pages.html_page import html_page
from speceyes.pages.publish import UnfinishedStudyError, publish

LINKS = (
    "[explorer](explorer.html) [report](report.html) [tables](tables/README.md) [a](tables/a.csv) ![f](figures/f.png)"
)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results" / "some"
    for name, content in {
        "index.html": html_page("some", LINKS),
        "explorer.html": '<a href="index.html">Findings</a><a href="explorer-pope.html">POPE</a>',
        "explorer-pope.html": '<a href="explorer.html">All</a>',
        "report.html": '<a href="explorer.html">explorer</a><a href="index.html">page</a>',
        "config.yaml": "study: some\n",
        "tables/README.md": "# Tables\n\n| column | meaning |\n|---|---|\n| `n` | samples |\n",
        "tables/a.csv": "n\n1\n",
        "figures/f.png": "",
        "agent/passes.parquet": "large",
        "media/crop.png": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def test_every_link_leads_to_something_published(results, tmp_path):
    publish(results, tmp_path / "site")
    pages = list((tmp_path / "site").glob("*.html"))
    assert len(pages) == 4
    for page in pages:
        for link in re.findall(r'(?:href|src)="([^"#]+)"', page.read_text()):
            assert (page.parent / link).exists(), (page.name, link)


def test_passes_and_media_stay_at_home_and_the_dictionary_can_be_read(results, tmp_path):
    publish(results, tmp_path / "site")
    names = {path.name for path in (tmp_path / "site").iterdir()}
    assert names == {
        "index.html",
        "explorer.html",
        "explorer-pope.html",
        "report.html",
        "config.yaml",
        "tables",
        "figures",
    }
    assert "<td><code>n</code></td>" in (tmp_path / "site" / "tables" / "index.html").read_text()


def test_what_an_earlier_publication_left_in_a_table_folder_goes(results, tmp_path):
    publish(results, tmp_path / "site")
    (results / "tables" / "a.csv").rename(results / "tables" / "b.csv")
    publish(results, tmp_path / "site")
    assert not (tmp_path / "site" / "tables" / "a.csv").exists()


@pytest.mark.parametrize("missing", ["report.html", "index.html", "config.yaml"])
def test_an_unfinished_study_is_refused_by_what_it_lacks(results, tmp_path, missing):
    (results / missing).unlink()
    with pytest.raises(UnfinishedStudyError, match=missing):
        publish(results, tmp_path / "site")
    assert not (tmp_path / "site").exists()
