"""The pages that a real study ends with: open from disk, quiet, and saying what the tables say."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import assert_quiet, chromium, complaints, load, requests_to_the_network
from explorer_page import assert_grid_equals
from selenium import webdriver


@pytest.fixture(scope="session")
def report(workspace, results: Path) -> Path:
    """Snakemake's own report of the finished study."""
    page = results / "report.html"
    workspace.snakemake("--report", str(page))
    return page


def test_the_report_opens_offline_without_an_error(report, tmp_path):
    """Snakemake's page warns of the style sheet compiler inside it; errors and requests there are none."""
    with chromium(tmp_path / "profile") as driver:
        load(driver, report)
        assert requests_to_the_network(driver) == []
        assert complaints(driver, "SEVERE") == []


def test_the_report_embeds_every_figure_and_table_with_its_caption(report):
    text = report.read_text(encoding="utf-8")
    for name in ("threshold_ablation.png", "latency_breakdown.png", "main_table.csv", "ledger.csv", "provenance.csv"):
        assert name in text
    assert "Settings in force" in text
    assert "bootstrap resamples" in text
    assert "corrected scorer" in text


def test_the_explorer_opens_offline_without_a_complaint(results, tmp_path):
    with chromium(tmp_path / "profile") as driver:
        load(driver, results / "explorer.html")
        assert_quiet(driver)


def test_the_explorers_numbers_are_the_settings_tables(browser: webdriver.Chrome, results: Path):
    assert assert_grid_equals(browser, results / "explorer.html", results / "tables" / "settings.csv") > 500
