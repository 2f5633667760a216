"""A real headless Chromium that records a page's network requests and console messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser_programs import INSTALL, programs
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

LOCAL = ("file:", "data:", "blob:", "about:")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-dev-shm-usage",
)
LOADING_S = 60


@contextmanager
def chromium(profile: Path, width: int = 1400, height: int = 900) -> Iterator[webdriver.Chrome]:
    """A fresh browser with its own profile folder and a viewport of the given size in CSS pixels.

    Where none is installed the test is skipped, saying how to install one.
    """
    installed = programs()
    if installed is None:
        pytest.skip(f"no chromium and chromedriver here; to run this test, {INSTALL}")
    options = webdriver.ChromeOptions()
    options.binary_location = str(installed.chromium)
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(str(installed.driver)))
    try:
        _leave_the_start_page(driver)
        resize(driver, width, height)
        driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        yield driver
    finally:
        driver.quit()


def _leave_the_start_page(driver: webdriver.Chrome) -> None:
    """Go on in an empty tab, since the browser's start page makes requests of its own."""
    start = driver.current_window_handle
    driver.switch_to.new_window("tab")
    page = driver.current_window_handle
    driver.switch_to.window(start)
    driver.close()
    driver.switch_to.window(page)
    for log in ("performance", "browser"):
        driver.get_log(log)


def resize(driver: webdriver.Chrome, width: int, height: int) -> None:
    """Give the page a viewport of exactly this size: windows have a least width, phones do not."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def load(driver: webdriver.Chrome, page: Path, anchor: str = "") -> None:
    """Open a page from disk and wait until the document is complete."""
    driver.get("about:blank")
    driver.get(page.resolve().as_uri() + anchor)
    WebDriverWait(driver, LOADING_S).until(
        lambda browser: browser.execute_script("return document.readyState") == "complete"
    )


def page_seconds(driver: webdriver.Chrome) -> float:
    """Processor seconds that the page itself has taken since it was opened, whatever else the machine does."""
    metrics = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "ThreadTime")


def requests_to_the_network(driver: webdriver.Chrome) -> list[str]:
    """Addresses that this tab asked for since the last call and that are not on this disk or in the page itself."""
    events = [json.loads(entry["message"]) for entry in driver.get_log("performance")]
    messages = [event["message"] for event in events if event["webview"] == driver.current_window_handle]
    asked = [
        message["params"].get("request", message["params"]).get("url", "")
        for message in messages
        if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated")
    ]
    return [address for address in asked if not address.startswith(LOCAL)]


def complaints(driver: webdriver.Chrome, *levels: str) -> list[str]:
    """What the console took in since the last call, of these levels (``SEVERE`` are errors)."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] in levels]


def assert_quiet(driver: webdriver.Chrome) -> None:
    """The pages opened since the last call asked nothing of the network, and the console had nothing to say."""
    ran = version(driver)
    assert requests_to_the_network(driver) == [], ran
    assert complaints(driver, "SEVERE", "WARNING") == [], ran


def version(driver: webdriver.Chrome) -> str:
    """The browser's name and version, for the message of a test that fails."""
    return f"in {driver.capabilities['browserName']} {driver.capabilities['browserVersion']}"
