"""The explorer's numbers are those of the settings table, at every point of the grid."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from browser import assert_quiet
from explorer_page import assert_grid_equals, find, number, numbers_at, open_explorer
from selenium.webdriver.common.keys import Keys
from speceyes.tables.csv_files import read_csv


def cells(settings: pd.DataFrame, method: str) -> pd.DataFrame:
    return settings[settings["method"] == method].reset_index(drop=True)


def test_every_grid_point_equals_the_settings_table(browser, explorer_page, study_tables):
    points = assert_grid_equals(browser, explorer_page, study_tables.settings)

    assert points == 2 * 4 * 4 * 3 * 10 * 2  # agents, splits, metrics, Ks, thresholds, batch sizes
    assert_quiet(browser)


@pytest.mark.parametrize("scorer", ["published", "corrected"])
@pytest.mark.parametrize("method", ["agent", "draft"])
def test_references_equal_the_settings_table(browser, explorer_page, study_tables, method, scorer):
    rows = cells(read_csv(study_tables.settings), method)
    open_explorer(browser, explorer_page)
    settings = [
        {"agent": row.agent, "split": f"{row.benchmark}/{row.split}", "scorer": scorer, "batch": batch}
        for row in rows.itertuples()
        for batch in [None if pd.isna(row.batch_size) else int(row.batch_size)]
    ]

    shown = numbers_at(browser, settings, [f"{method}_accuracy_{scorer}", f"{method}_speedup"])

    expected = rows[[f"accuracy_{scorer}", "speedup"]].to_numpy(dtype=float)
    np.testing.assert_allclose(np.array(shown, dtype=float), expected, rtol=1e-9)


def test_the_slider_moves_every_number(browser, explorer_page):
    open_explorer(browser, explorer_page)
    before = {name: number(browser, name) for name in ("speedup", "alpha")}
    slider = find(browser, "#slider")

    slider.send_keys(Keys.HOME)
    all_accepted = {name: number(browser, name) for name in ("speedup", "alpha")}
    slider.send_keys(Keys.END)
    none_accepted = {name: number(browser, name) for name in ("speedup", "alpha")}

    assert all_accepted["alpha"] == 1.0
    assert none_accepted["alpha"] == 0.0
    assert none_accepted["speedup"] < before["speedup"] < all_accepted["speedup"]
    assert none_accepted["speedup"] < 1.0  # the agent's time and the screening's


def test_a_typed_threshold_counts_as_it_is_written(browser, explorer_page, study_tables):
    settings = cells(read_csv(study_tables.settings), "speceyes")
    open_explorer(browser, explorer_page)
    field = find(browser, "#threshold")

    field.clear()
    field.send_keys("0.995")

    chosen = settings[
        (settings["threshold"] == 0.995)
        & (settings["agent"] == "deepeyes")
        & (settings["split"] == "direct_attributes")
        & (settings["metric"] == "min")
        & (settings["top_k"] == 16)
        & (settings["batch_size"] == 6)
    ]
    assert number(browser, "speedup") == pytest.approx(chosen["speedup"].item(), rel=1e-9)
