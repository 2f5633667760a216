"""What a test does with an opened explorer: find things, press keys, read numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from browser import LOADING_S, load
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from speceyes.tables.csv_files import read_csv

MEASURED = ["accuracy_published", "accuracy_corrected", "speedup", "alpha", "beta"]


def open_explorer(driver: webdriver.Chrome, page: Path, anchor: str = "") -> None:
    """Open the page and wait until it has drawn itself."""
    load(driver, page, anchor)
    wait_until_drawn(driver)


def wait_until_drawn(driver: webdriver.Chrome) -> None:
    """Wait until the page in the browser has read its columns and shown them."""
    WebDriverWait(driver, LOADING_S).until(
        lambda browser: browser.execute_script("return document.body.dataset.ready") == "true"
    )


def find(driver: webdriver.Chrome, selector: str) -> WebElement:
    """The one element."""
    return driver.find_element(By.CSS_SELECTOR, selector)


def texts(driver: webdriver.Chrome, selector: str) -> list[str]:
    """What the elements show."""
    return [element.text for element in driver.find_elements(By.CSS_SELECTOR, selector)]


def press(driver: webdriver.Chrome, keys: str) -> None:
    """Type on the page itself."""
    find(driver, "body").send_keys(keys)


def number(driver: webdriver.Chrome, name: str) -> float:
    """A number as the page shows it, before it is rounded for people; NaN for none."""
    value = find(driver, f"#{name}").get_attribute("data-value")
    return float(value) if value else float("nan")


def numbers_at(driver: webdriver.Chrome, settings: list[dict[str, Any]], names: list[str]) -> list[list[float | None]]:
    """The numbers that the page shows at each of many settings, set one after the other through its own state."""
    script = """
        const [settings, names] = arguments;
        return settings.map((setting) => {
            setState(setting);
            return names.map((name) => {
                const shown = document.getElementById(name).dataset.value;
                return shown === "" ? null : Number(shown);
            });
        });
    """
    found: list[list[float | None]] = driver.execute_script(script, settings, names)
    return found


def assert_grid_equals(driver: webdriver.Chrome, page: Path, settings: Path) -> int:
    """The page computes what the settings table holds of every setting of the funnel; returns how many."""
    table = read_csv(settings)
    grid = table[table["method"] == "speceyes"]
    shown = numbers_at_points(driver, page, grid)
    for place, name in enumerate(MEASURED):
        ours = np.array([row[place] for row in shown], dtype=float)
        np.testing.assert_allclose(ours, grid[name].to_numpy(dtype=float), rtol=1e-9, err_msg=name)
    return len(grid)


def numbers_at_points(driver: webdriver.Chrome, page: Path, grid: pd.DataFrame) -> list[list[float | None]]:
    """What the page shows at each of the table's settings, in the order of :data:`MEASURED`."""
    open_explorer(driver, page)
    points = [
        {
            "agent": row.agent,
            "split": f"{row.benchmark}/{row.split}",
            "metric": row.metric,
            "k": int(row.top_k),
            "batch": int(row.batch_size),
            "threshold": row.threshold,
        }
        for row in grid.itertuples()
    ]
    return numbers_at(driver, points, MEASURED)


def view(driver: webdriver.Chrome) -> dict[str, Any]:
    """All that a permalink has to bring back, as the page shows it."""
    controls = driver.execute_script(
        "return Object.fromEntries(new FormData(document.getElementById('controls')).entries())"
    )
    return {
        "controls": controls,
        "threshold": find(driver, "#threshold").get_attribute("value"),
        "pin": find(driver, "#pin").text,
        "filter": find(driver, "#filters [aria-pressed=true]").get_attribute("data-filter"),
        "find": find(driver, "#find").get_attribute("value"),
        "order": find(driver, "#order").get_attribute("value"),
        "sample": find(driver, ".head h2").text,
        "rows": texts(driver, ".row"),
        "numbers": texts(driver, "#numbers data"),
    }
