"""Overview, comparison, search, order, threshold within ε, exports, on a desk's screen and a phone's, by keyboard."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser import assert_quiet, resize
from explorer_page import find, number, open_explorer, press, texts
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait
from speceyes.analysis.answers import drafts_for
from speceyes.analysis.measures import facts
from speceyes.analysis.proportions import by_image, paired_difference
from speceyes.tables.csv_files import read_csv

Downloaded = Callable[[], bytes]


@pytest.fixture(autouse=True, params=[1400, 400], ids=["wide", "phone"])
def width(browser, request) -> int:
    resize(browser, request.param, 900)
    return request.param


@pytest.fixture
def downloaded(browser, tmp_path: Path) -> Downloaded:
    """The one file that the page has handed out."""
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})

    def content() -> bytes:
        def finished(_: object) -> list[Path]:
            return [path for path in tmp_path.iterdir() if path.suffix in (".csv", ".svg", ".png")]

        (path,) = WebDriverWait(browser, 20).until(finished)
        return path.read_bytes()

    return content


def value(browser, selector: str) -> float:
    return float(find(browser, selector).get_attribute("data-value"))


def test_the_overview_shows_every_agent_on_every_split_and_leads_into_each(browser, explorer_page, study_tables):
    settings = read_csv(study_tables.settings)
    main = settings[settings["main_table"] & (settings["method"] == "speceyes") & (settings["metric"] == "min")]
    open_explorer(browser, explorer_page)
    press(browser, "o")
    rows = browser.find_elements(By.CSS_SELECTOR, "#overview tbody tr")
    assert len(rows) == 8
    for row in main.itertuples():
        line = f"//tr[.//button[@data-cell='{row.agent} {row.benchmark}/{row.split}']]"
        for name, wanted in (
            ("accuracy", row.accuracy_corrected),
            ("difference", row.difference_corrected),
            ("speedup", row.speedup),
            ("alpha", row.alpha),
            ("beta", row.beta),
        ):
            shown = browser.find_element(By.XPATH, f"{line}/td[@data-name='{name}']").get_attribute("data-value")
            if name != "difference":  # the table's difference is of pairs, the page's of shares
                assert float(shown) == pytest.approx(wanted, rel=1e-9)

    find(browser, "[data-cell='thyme hrbench/4k']").send_keys(Keys.ENTER)

    assert find(browser, "#samples").is_displayed()
    assert find(browser, "select[name=agent]").get_attribute("value") == "thyme"
    assert find(browser, "select[name=split]").get_attribute("value") == "hrbench/4k"
    assert browser.switch_to.active_element.get_attribute("id") == "rows"


def test_the_overview_is_sorted_by_any_column_both_ways(browser, explorer_page):
    open_explorer(browser, explorer_page, "#view=overview&rank=alpha")

    def cells(column: str) -> list:
        if column == "cell":
            return texts(browser, "#overview tbody th")
        found = browser.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map((cell) => cell.dataset.value)",
            f"#overview td[data-name={column}]",
        )
        return [float(value) for value in found]

    for column in ("speedup", "accuracy", "n", "cell", "seconds"):
        head = f"[data-key=rank-{column}]"
        find(browser, head).send_keys(Keys.ENTER)
        rising = cells(column)
        find(browser, head).send_keys(Keys.ENTER)
        assert rising == sorted(rising), column
        assert cells(column) == sorted(rising, reverse=True), column
        assert browser.switch_to.active_element == find(browser, head)
        assert find(browser, "#overview [aria-sort]").get_attribute("aria-sort") == "descending"


def test_seconds_by_phase_add_up_to_the_seconds_of_a_sample(browser, explorer_page):
    open_explorer(browser, explorer_page, "#view=overview")
    rows = browser.execute_script("return overviewRows()")
    for row in rows:
        assert sum(row["phases"].values()) == pytest.approx(row["seconds"])
        assert row["a_minute"] == pytest.approx(60 / row["seconds"])


COMPARED = (
    "#split=pope/random&agent=deepeyes&metric=min&threshold=0.7&view=compare"
    "&b_agent=thyme&b_metric=mean&b_k=32&b_batch=1&b_scorer={}&b_threshold=0.99"
)
A = {"agent": "deepeyes", "metric": "min", "top_k": 16, "batch": 6, "threshold": 0.7}
B = {"agent": "thyme", "metric": "mean", "top_k": 32, "batch": 1, "threshold": 0.99}


def kept(study_tables, *, agent: str, metric: str, top_k: int, threshold: float, **_: object) -> pd.DataFrame:
    """Who answers each sample of pope/random in a setting and whether it is right, from the stored passes."""
    split = study_tables.splits["pope", "random"]
    answers = pd.read_parquet(study_tables.answers)
    answers = answers[answers["sample_id"].str.startswith("pope/random/")]
    confidence = pd.read_parquet(split.confidences.get(agent, split.confidences["draft"])).query(
        "metric == @metric and top_k == @top_k"
    )
    screen = pd.concat(pd.read_parquet(path) for path in split.screens[agent])
    free = screen.set_index("sample_id")["tool_free"]
    accepted = free & (confidence.set_index("sample_id")["confidence"] > threshold).reindex(free.index)
    draft = drafts_for(agent, answers).set_index("sample_id")
    alone = answers[(answers["source"] == "agent") & (answers["agent"] == agent)].set_index("sample_id")
    rows = pd.concat([draft[accepted.reindex(draft.index)], alone[~accepted.reindex(alone.index)]])
    return rows.assign(by=np.where(rows["source"] == "draft", "draft", agent)).sort_index()


def test_two_settings_are_compared_sample_by_sample(browser, explorer_page, study_tables, downloaded):
    one = kept(study_tables, **A)
    other = kept(study_tables, **B)
    changed = one.index[one["by"] != other["by"]]
    settings = read_csv(study_tables.settings)
    grid = settings[(settings["benchmark"] == "pope") & (settings["method"] == "speceyes")]
    b = grid.query("agent == 'thyme' and metric == 'mean' and top_k == 32 and batch_size == 1 and threshold == 0.99")

    open_explorer(browser, explorer_page, COMPARED.format("corrected"))

    assert value(browser, "[data-name='b accuracy']") == pytest.approx(b["accuracy_corrected"].item(), rel=1e-9)
    assert value(browser, "[data-name='b speedup']") == pytest.approx(b["speedup"].item(), rel=1e-9)
    assert value(browser, "[data-name='a speedup']") == number(browser, "speedup")
    assert len(changed) > 5
    assert find(browser, "#changed").text == f"{len(changed)} samples change hands"
    shown = texts(browser, "#changed-samples tbody th")
    assert shown == [sample.split("/")[-1] for sample in changed]

    find(browser, "[data-key=changed-csv]").send_keys(Keys.ENTER)
    table = pd.read_csv(io.BytesIO(downloaded()), keep_default_na=False)
    assert list(table["sample_id"]) == list(changed)
    assert list(table["a_answered_by"]) == list(one.loc[changed, "by"])
    assert list(table["b_answer"]) == list(other.loc[changed, "answer"])

    find(browser, "#changed-samples button").send_keys(Keys.ENTER)
    assert find(browser, ".head h2").text.startswith(changed[0])
    assert_quiet(browser)


@pytest.mark.parametrize("scorer", ["published", "corrected"])
def test_the_paired_difference_is_the_librarys(browser, explorer_page, study_tables, scorer):
    one = kept(study_tables, **A)
    other = kept(study_tables, **B)
    a, b = facts(one), facts(other)
    counted = (a[f"counted_{scorer}"] * b[f"counted_{scorer}"]).to_numpy(dtype=bool)
    gain = (b[f"right_{scorer}"] - a[f"right_{scorer}"])[counted]

    open_explorer(browser, explorer_page, COMPARED.format(scorer) + f"&scorer={scorer}")
    shown = browser.execute_script("return paired(view, otherSeen())")

    images = browser.execute_script("return current.split.samples.image")
    place = pd.Series(images, index=browser.execute_script("return current.split.samples.sample_id"))
    number_of = pd.factorize(place[gain.index])[0]
    won, lost, rows = (
        by_image(np.asarray(which, dtype=float), number_of) for which in (gain > 0, gain < 0, np.ones(len(gain)))
    )
    expected = paired_difference(won, lost, rows, 0.95)
    assert shown["n"] == expected.paired
    assert (shown["won"], shown["lost"]) == (expected.wins, expected.losses)
    assert shown["difference"] == pytest.approx(float(expected.difference))
    assert shown["p"] == pytest.approx(float(expected.p))
    assert shown["won"] + shown["lost"] > 5


def test_any_setting_becomes_the_one_to_compare_with(browser, explorer_page):
    open_explorer(browser, explorer_page, "#metric=mean&threshold=0.96&view=compare")
    find(browser, "[data-key=same]").send_keys(Keys.ENTER)
    assert value(browser, "[data-name='b-a accuracy']") == 0
    assert find(browser, "#changed").text == "0 samples change hands"
    press(browser, "]")
    assert find(browser, "[name=b_threshold]").get_attribute("value") == "0.96"
    assert value(browser, "[data-name='a α']") < value(browser, "[data-name='b α']")


def test_search_finds_samples_of_the_whole_study(browser, explorer_page, width):
    open_explorer(browser, explorer_page)
    find(browser, "#scope").send_keys(Keys.ARROW_DOWN)
    find(browser, "#find").send_keys("/0007")
    found = texts(browser, ".row .id")
    assert found == [
        f"{split}/0007" for split in ("vstar/direct_attributes", "vstar/relative_position", "hrbench/4k", "pope/random")
    ]
    find(browser, "#find").send_keys(Keys.ESCAPE)
    press(browser, "jj")
    assert find(browser, ".head h2").text.startswith(found[2 if width > 820 else 1])
    assert find(browser, "#place").get_attribute("textContent").endswith(" of 4")


def test_the_list_is_sorted_by_any_column_both_ways(browser, explorer_page):
    open_explorer(browser, explorer_page, "#split=pope/random")
    values = "return samplesOf(shown).map((item) => COLUMNS[arguments[0]].of(item.seen, item.index))"
    for column in ("confidence", "agent_seconds", "verdict", "seconds", "draft_tokens"):
        Select(find(browser, "#order")).select_by_value(column)
        rising = browser.execute_script(values, column)
        find(browser, "#descending").send_keys(Keys.ENTER)
        falling = browser.execute_script(values, column)
        assert len(set(rising)) > 1, column
        assert rising == sorted(rising), column
        assert falling == sorted(rising, reverse=True), column
        find(browser, "#descending").send_keys(Keys.ENTER)


def test_groups_stand_under_headings_that_count_them(browser, explorer_page):
    open_explorer(browser, explorer_page, "#scope=study&group=split&show=right-deferred")
    groups = browser.execute_script("return shown.filter((item) => item.heading)")
    assert [group["heading"] for group in groups] == [
        "hrbench/4k",
        "pope/random",
        "vstar/direct_attributes",
        "vstar/relative_position",
    ]
    assert sum(group["count"] for group in groups) == int(find(browser, "[data-filter=right-deferred] .count").text)
    assert find(browser, ".row.heading").text.split("\n")[0].startswith("hrbench/4k")


def test_the_exported_list_is_what_the_page_counts(browser, explorer_page, downloaded):
    open_explorer(browser, explorer_page, "#split=hrbench/4k&metric=mean&k=32&threshold=0.96")
    find(browser, "#export-list").send_keys(Keys.ENTER)
    table = pd.read_csv(io.BytesIO(downloaded()), keep_default_na=False)

    assert len(table) == 80
    assert set(table["agent"]) == {"deepeyes"}
    for scorer in ("published", "corrected"):
        accuracy = table[f"{scorer}_right"].sum() / table[f"{scorer}_counted"].sum()
        assert accuracy == pytest.approx(number(browser, f"accuracy_{scorer}"), rel=1e-12)
    assert table["agent_seconds"].sum() / table["seconds"].sum() == pytest.approx(number(browser, "speedup"), rel=1e-9)
    assert (table["answered_by"] == "draft").sum() / table["tool_free"].sum() == pytest.approx(number(browser, "alpha"))
    accepted = table["tool_free"] & (table["confidence"] > 0.96)
    assert list(table["answered_by"] == "draft") == list(accepted)


def test_no_cell_is_a_formula_and_every_text_is_one_cell(browser, explorer_page):
    open_explorer(browser, explorer_page)
    for text, written in {
        "=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0",
        "-1+1": "'-1+1",
        "'quoted'": "''quoted'",
        "@SUM(A1)": "'@SUM(A1)",
        'two\nlines, "said"': '"two\nlines, ""said"""',
        "NA": "NA",
        "01": "01",
    }.items():
        assert browser.execute_script("return csv(['a'], [[arguments[0]]])", text) == f"a\r\n{written}\r\n"


def test_the_last_threshold_within_epsilon_of_the_agent(browser, explorer_page):
    """Epsilon is 0.02 in the study of these tests."""
    for agent in ("deepeyes", "thyme"):
        for split in ("vstar/direct_attributes", "pope/random", "hrbench/4k"):
            open_explorer(browser, explorer_page, f"#agent={agent}&split={split}")
            limit = number(browser, "agent_accuracy_corrected") - 0.02
            find(browser, "#within").send_keys(Keys.ENTER)
            chosen, lower = browser.execute_script(
                """
                const confidences = current.confidence.filter((value, index) => current.toolFree[index]);
                const under = confidences.filter((value) => value < view.now);
                const above = [view.now, ...confidences.filter((value) => value > view.now)];
                const accuracy = (threshold) => current.measure(threshold).accuracy.corrected;
                return [Math.min(...above.map(accuracy)), under.length ? accuracy(Math.max(...under)) : null];
                """
            )
            assert chosen >= limit - 1e-9
            assert lower is None or lower < limit


def test_the_chart_is_exported_as_a_drawing_and_as_a_picture(browser, explorer_page, downloaded, tmp_path):
    open_explorer(browser, explorer_page)
    find(browser, "#export-svg").send_keys(Keys.ENTER)
    drawing = ET.fromstring(downloaded())
    curve = drawing.find(".//{http://www.w3.org/2000/svg}polyline")
    assert curve is not None
    assert curve.get("stroke", "").startswith("rgb(")
    assert curve.get("points") == find(browser, "#chart polyline").get_attribute("points")
    for path in tmp_path.iterdir():
        path.unlink()

    find(browser, "#export-png").send_keys(Keys.ENTER)
    picture = Image.open(io.BytesIO(downloaded())).convert("RGB")
    assert picture.width == 3 * int(float(drawing.get("width", "0")))
    colours = {colour for _, colour in picture.getcolors(1 << 20)}
    assert (255, 255, 255) in colours
    assert len(colours) > 20
    assert_quiet(browser)


def test_intervals_are_drawn_as_bands_where_the_settings_table_has_them(browser, explorer_page, study_tables):
    open_explorer(browser, explorer_page)
    settings = read_csv(study_tables.settings)
    cell = settings.query(
        "method == 'speceyes' and agent == 'deepeyes' and split == 'direct_attributes' and metric == 'min'"
        " and top_k == 16 and batch_size == 6"
    ).sort_values("threshold")
    for name, scale in (("accuracy_corrected", "accuracy"), ("speedup", "speedup")):
        shown = browser.execute_script("return band(arguments[0])", name)
        np.testing.assert_allclose(shown, cell[["threshold", f"{name}_low", f"{name}_high"]], atol=1e-6)
        points = find(browser, f"#chart .{scale} .band").get_attribute("points").split()
        assert len(points) == 2 * len(cell)


def test_scores_by_category_are_the_tables_with_their_limits(browser, explorer_page, study_tables):
    scores = read_csv(study_tables.category_scores)
    wanted = scores[scores["metric"].isin(["", "min"])]
    open_explorer(browser, explorer_page)
    press(browser, "g")
    assert len(browser.find_elements(By.CSS_SELECTOR, "#categories tbody tr")) == len(wanted)
    for name in ("accuracy_corrected", "precision", "recall", "f1", "yes_share"):
        cells = browser.find_elements(By.CSS_SELECTOR, f"#categories td[data-name={name}]")
        shown = [float(cell.get_attribute("data-value") or "nan") for cell in cells]
        np.testing.assert_allclose(shown, wanted[name])
        row = wanted[wanted[name].notna()].iloc[0]
        limits = ", ".join(f"{100 * row[f'{name}_{end}']:.1f}" for end in ("low", "high"))
        assert cells[shown.index(row[name])].text == f"{100 * row[name]:.1f} [{limits}]"
    assert_quiet(browser)


def test_a_link_brings_back_the_comparison_and_the_overview(browser, explorer_page):
    for anchor in (
        COMPARED.format("published"),
        "#view=overview&rank=-speedup",
        "#scope=study&group=verdict&order=-seconds",
    ):
        open_explorer(browser, explorer_page, anchor)
        before = find(browser, "main").text
        link = browser.execute_script("return hashOf()")
        open_explorer(browser, explorer_page)
        open_explorer(browser, explorer_page, f"#{link}")
        assert find(browser, "main").text == before


def test_nothing_sticks_out_of_the_overview_and_the_comparison(browser, explorer_page):
    for anchor in ("#view=overview", "#view=categories", COMPARED.format("corrected")):
        open_explorer(browser, explorer_page, anchor)
        assert browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth") <= 0
        assert find(browser, "main table.wide").is_displayed()
