"""One illustrated study, its explorer and one browser for all tests of pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver


@pytest.fixture(scope="session")
def study_tables(tmp_path_factory: pytest.TempPathFactory):
    from illustrated_study import write_illustrated

    return write_illustrated(tmp_path_factory.mktemp("illustrated"))


@pytest.fixture(scope="session")
def explorer_page(study_tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from speceyes.pages.explorer.page import write_explorer

    page = tmp_path_factory.mktemp("explorer") / "explorer.html"
    write_explorer(study_tables, page, {}, workers=2)
    return page


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    from browser import chromium

    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver
