"""The pages that a real study ends with: open from disk, quiet, and saying what the tables say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from accessibility import violations
from browser import assert_quiet, complaints, load, requests_to_the_network, resize
from explorer_page import assert_grid_equals
from selenium import webdriver
from selenium.webdriver.common.by import By
from speceyes.pages.publish import publish


@pytest.fixture(scope="session")
def report(workspace, results: Path) -> Path:
    """Snakemake's own report of the finished study."""
    page = results / "report.html"
    workspace.snakemake("--report", str(page))
    return page


@pytest.fixture
def opened_report(browser: webdriver.Chrome, report: Path) -> webdriver.Chrome:
    """The browser on the report; its page warns of the style sheet compiler inside it."""
    load(browser, report)
    return browser


def test_the_report_opens_offline_without_an_error(opened_report):
    assert requests_to_the_network(opened_report) == []
    assert complaints(opened_report, "SEVERE") == []


def test_the_report_embeds_every_figure_and_table_with_its_caption(report):
    text = report.read_text(encoding="utf-8")
    for name in ("threshold_ablation.png", "latency_breakdown.png", "main_table.csv", "ledger.csv", "provenance.csv"):
        assert name in text
    assert "Settings in force" in text
    assert "bootstrap resamples" in text
    assert "corrected scorer" in text
    for title in (
        "accuracy and speedup by threshold",
        "the paper's claims",
        "claims, findings, Table 1, which threshold",
    ):
        assert title in text


def test_the_report_leads_with_the_page_and_links_to_the_explorer(opened_report, report):
    folders = [item.text for item in opened_report.find_elements(By.CSS_SELECTOR, "ul li") if item.text]
    results = folders[folders.index("RESULTS") + 1 :] if "RESULTS" in folders else folders
    assert results[0] == "All on one page", folders
    links = [link.get_attribute("href") for link in opened_report.find_elements(By.CSS_SELECTOR, "a[href$='.html']")]
    assert (report.parent / "explorer.html").as_uri() in links
    assert complaints(opened_report, "SEVERE") == []


@pytest.mark.parametrize("width", [1400, 400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_of_findings_opens_quietly_and_axe_finds_nothing(browser, results, theme, width):
    resize(browser, width, 900)
    media = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    load(browser, results / "index.html")
    assert browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert [heading.text for heading in browser.find_elements(By.TAG_NAME, "h2")][:3] == [
        "What was found",
        "Table 1",
        "Which threshold?",
    ]
    pictures = browser.find_elements(By.TAG_NAME, "img")
    assert all(browser.execute_script("return arguments[0].naturalWidth", picture) > 0 for picture in pictures)
    assert len(pictures) > 5
    assert_quiet(browser)
    assert violations(browser) == []


def test_the_published_folder_links_within_itself(report, results, tmp_path):
    publish(results, tmp_path / "site")
    for page in (tmp_path / "site").rglob("*.html"):
        if page.name != "report.html":
            for link in re.findall(r'(?:href|src)="([^"#:]+)"', page.read_text(encoding="utf-8")):
                assert (page.parent / link).exists(), (page.name, link)


def test_every_table_of_the_study_is_in_its_data_package(results):
    package = json.loads((results / "tables" / "datapackage.json").read_text(encoding="utf-8"))
    described = {resource["path"] for resource in package["resources"]}
    beside = {"settings.parquet", "ledger.parquet", "deferral.parquet", "pareto.parquet"}
    tables = {path.name for path in (results / "tables").iterdir() if path.suffix in (".csv", ".parquet")}
    assert tables - beside == described
    assert beside <= tables


def test_the_explorer_opens_offline_without_a_complaint(browser, results):
    load(browser, results / "explorer.html")
    assert_quiet(browser)


def test_the_explorers_numbers_are_the_settings_tables(browser: webdriver.Chrome, results: Path):
    assert assert_grid_equals(browser, results / "explorer.html", results / "tables" / "settings.csv") > 500
