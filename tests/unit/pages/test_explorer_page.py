"""The file itself: no foreign text in its markup, a policy that names its own scripts, one page or several."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from explored_study import explorer_tables
from speceyes.analysis.settings import StatisticsSettings
from speceyes.pages.explorer import page as explorer
from speceyes.pages.explorer.sources import StudyTables
from synthetic_study import SyntheticStudy
from synthetic_tables import write_measures

ATTACK = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyTables:
    root = tmp_path_factory.mktemp("study")
    splits = {("vstar", "direct_attributes"): 8, ("pope", "random"): 12, ("pope", "popular"): 12}
    synthetic = SyntheticStudy(root / "passes", splits, agents=("deepeyes",), batches=(6,)).write()
    write_measures(synthetic, root / "tables", StatisticsSettings(resamples=100))
    return explorer_tables(synthetic, root / "tables", root, root, name=ATTACK)


def columns_of(page: Path) -> dict:
    packed = re.search(r'<script type="application/gzip" id="columns">([^<]*)</script>', page.read_text())
    assert packed
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


def test_one_page_holds_all_benchmarks_and_no_text_in_its_markup(study, tmp_path):
    page = tmp_path / "explorer.html"
    explorer.write_explorer(study, page, {})
    columns = columns_of(page)
    assert columns["study"] == ATTACK
    assert [split["benchmark"] for split in columns["splits"]] == ["vstar", "pope", "pope"]
    assert "<script>alert" not in page.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["explorer.html"]


def test_the_policy_allows_the_pages_own_scripts_and_nothing_else(study, tmp_path):
    page = tmp_path / "explorer.html"
    explorer.write_explorer(study, page, {})
    text = page.read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert len(scripts) == len(explorer.SCRIPTS)
    assert re.findall(r"script-src ([^;]*);", policy[1]) == [" ".join(f"'sha256-{value}'" for value in hashes)]
    assert policy[1].startswith("default-src 'none'; ")
    assert "http:" not in policy[1] + text.replace("http://www.w3.org/2000/svg", "")
    assert "https:" not in text


def test_a_large_study_gets_a_page_per_benchmark_and_an_index(study, tmp_path):
    apart = {name: tmp_path / f"explorer-{name}.html" for name in ("vstar", "pope")}
    explorer.write_explorer(study, tmp_path / "explorer.html", apart)
    index = (tmp_path / "explorer.html").read_text()
    assert re.findall(r'<a href="([^"]*)">([^<]*)</a>', index) == [
        ("index.html", "What was found"),
        ("explorer-vstar.html", "V*"),
        ("explorer-pope.html", "POPE"),
    ]
    assert "random, popular" in index
    columns = columns_of(apart["pope"])
    assert [split["split"] for split in columns["splits"]] == ["random", "popular"]
    assert columns["index"] == "explorer.html"


def test_the_same_study_gives_the_same_bytes(study, tmp_path):
    pages = [tmp_path / name for name in ("one.html", "other.html")]
    for page in pages:
        explorer.write_explorer(study, page, {})
    assert pages[0].read_bytes() == pages[1].read_bytes()
