"""What the other page tests rely on: a request of the page under test is seen, one of the browser itself is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chromium, load, requests_to_the_network
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

ADDRESS = "http://nobody.invalid/"
ASKING = {
    "fetch": f"<script>fetch('{ADDRESS}').catch(() => 0)</script>",
    "image": f"<img src='{ADDRESS}'>",
    "font": f"<style>@font-face {{font-family: a; src: url('{ADDRESS}')}} p {{font-family: a}}</style><p>text</p>",
    "frame of its own process": f"<iframe src='{ADDRESS}'></iframe>",
    "frame within a frame": f"<iframe srcdoc=\"<img src='{ADDRESS}'>\"></iframe>",
    "beacon": f"<script>navigator.sendBeacon('{ADDRESS}')</script>",
    "web socket": f"<script>new WebSocket('{ADDRESS.replace('http', 'ws')}')</script>",
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """One of their own: what these pages leave in the console is not for the other tests."""
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "page.html"


@pytest.mark.parametrize("way", ASKING)
def test_a_request_of_the_page_is_seen(browser, page, way):
    page.write_text(f"<!doctype html><link rel=icon href=data:,>{ASKING[way]}")
    load(browser, page)
    seen: list[str] = []
    WebDriverWait(browser, 10).until(lambda driver: seen.extend(requests_to_the_network(driver)) or seen)
    assert {address.replace("ws:", "http:") for address in seen} == {ADDRESS}


@pytest.mark.parametrize(
    "own", ["chrome://newtab/", "chrome://version/", "data:text/html,<img src=http://other.invalid/>"]
)
def test_requests_of_other_tabs_are_not_the_pages(browser, page, own):
    page.write_text("<!doctype html><link rel=icon href=data:,><p>text</p>")
    under_test = browser.current_window_handle
    browser.switch_to.new_window("tab")
    browser.get(own)
    browser.close()
    browser.switch_to.window(under_test)

    load(browser, page)

    assert requests_to_the_network(browser) == []
