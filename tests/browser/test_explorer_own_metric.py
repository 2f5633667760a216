"""The explorer's slider works under a metric of one's own, as its tables say."""

from __future__ import annotations

import pytest
from browser import assert_quiet
from explored_study import explorer_tables
from explorer_page import assert_grid_equals, find, number, open_explorer
from own_metric import NAME, write_metric
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from speceyes.pages.explorer.page import write_explorer
from synthetic_study import SyntheticStudy
from synthetic_tables import write_tables


@pytest.fixture(scope="module")
def own_study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        metrics = ("min", write_metric(folder))
        splits = {("vstar", "direct_attributes"): 16}
        study = SyntheticStudy(folder / "study", splits, agents=("deepeyes",), metrics=metrics, batches=(6,)).write()
        write_tables(study, folder / "tables", comparable=False, resamples=100)
        page = folder / "explorer.html"
        write_explorer(explorer_tables(study, folder / "tables", folder, folder), page, {})
        yield page, folder / "tables" / "settings.csv"


def test_the_slider_moves_under_a_metric_of_ones_own_and_tokens_claim_no_separability(browser, own_study):
    page, _ = own_study
    open_explorer(browser, page)
    Select(find(browser, "select[name=metric]")).select_by_visible_text(NAME)
    slider = find(browser, "#slider")
    slider.send_keys(Keys.HOME)
    assert number(browser, "alpha") == 1.0
    slider.send_keys(Keys.END)
    assert number(browser, "alpha") == 0.0

    find(browser, ".row:nth-child(2)").click()
    said = find(browser, "#token-sum").text
    assert f" by {NAME} (K = " in said
    assert "separability" not in said
    assert_quiet(browser)


def test_every_grid_point_of_ones_own_metric_equals_the_settings_table(browser, own_study):
    assert assert_grid_equals(browser, *own_study) == 2 * 3 * 10  # metrics, Ks, thresholds
