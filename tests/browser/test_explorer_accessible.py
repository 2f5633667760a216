"""The explorer for everyone: axe finds nothing, colours stand apart, and a keyboard reaches all of it quickly."""

from __future__ import annotations

import itertools
import re

import pytest
from accessibility import violations
from browser import assert_quiet, resize
from explorer_page import find, open_explorer, press, texts
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

VIEWS = [
    "",
    "#view=overview",
    "#view=categories",
    "#view=compare&b_agent=thyme",
    "#scope=study&group=verdict",
    "#sample=vstar/direct_attributes/0001",
]
CONTRAST = 4.5  # WCAG 2.2, level AA, for text of usual size


@pytest.fixture(params=[1400, 400], ids=["wide", "phone"])
def width(browser, request) -> int:
    resize(browser, request.param, 900)
    return request.param


@pytest.mark.parametrize("anchor", VIEWS)
def test_axe_finds_nothing_in_either_theme_and_no_heading_skips_a_level(browser, explorer_page, width, anchor):
    open_explorer(browser, explorer_page, anchor)
    for theme in ("light", "dark"):
        browser.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
        assert violations(browser) == [], theme
    headings = browser.execute_script(
        "return [...document.querySelectorAll('h1, h2, h3, h4, h5')]"
        ".filter((heading) => heading.checkVisibility()).map((heading) => Number(heading.tagName[1]))"
    )
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(headings))


def test_a_threshold_of_many_digits_is_called_as_it_is_written(browser, explorer_page):
    """As those are that a study finds for itself; who speaks to the page says what stands on the button."""
    open_explorer(browser, explorer_page)
    for threshold in (0.942676, 0.9999454321):
        browser.execute_script("current.split.thresholds[0] = arguments[0]; render()", threshold)
        assert find(browser, f"#stops [data-key='{threshold}']").is_displayed()
        assert violations(browser) == []


@pytest.mark.parametrize(
    "anchor", ["#sample=vstar/direct_attributes/0001", "#threshold=0.9999&sample=vstar/direct_attributes/0000"]
)
def test_every_text_stands_apart_from_what_is_behind_it(browser, explorer_page, width, anchor):
    """Also on tinted tokens, which are mixed of two colours and which axe leaves undecided."""
    open_explorer(browser, explorer_page, anchor)
    for theme in ("light", "dark"):
        browser.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
        ratios = browser.execute_script(CONTRASTS, "main *, header *, .setting *")
        assert len(ratios) > 60
        assert [text for ratio, text in ratios if ratio < CONTRAST] == [], theme
        assert any(text.startswith("·") for _, text in ratios)


# The colours as the browser paints them: each is drawn on a canvas, one over the other, and read back.
CONTRASTS = """
    const pen = Object.assign(document.createElement("canvas"), {width: 1, height: 1})
        .getContext("2d", {willReadFrequently: true});
    const painted = (colours) => {
        for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const luminance = (colour) => {
        const [red, green, blue] = colour.map((value) => value / 255)
            .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = (node) => node ? [...behind(node.parentElement), getComputedStyle(node).backgroundColor] : ["white"];
    return [...document.querySelectorAll(arguments[0])]
        .filter((node) => node.checkVisibility() && !node.closest("svg, .picture, .unseen"))
        .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
        .map((node) => {
            const ground = behind(node);
            const text = [...ground, getComputedStyle(node).color];
            const [one, other] = [luminance(painted(ground)), luminance(painted(text))];
            const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
            return [ratio, node.textContent.trim().slice(0, 60)];
        });
"""


def test_the_list_is_fewer_than_ten_tab_stops_away_and_the_skip_link_leads_there(browser, explorer_page, width):
    open_explorer(browser, explorer_page)
    before: list[str] = []
    browser.switch_to.active_element.send_keys(Keys.TAB)
    while browser.switch_to.active_element.get_attribute("id") != "rows":
        before.append(browser.switch_to.active_element.get_attribute("outerHTML")[:80])
        assert len(before) < 10, before
        browser.switch_to.active_element.send_keys(Keys.TAB)

    open_explorer(browser, explorer_page, "#view=overview")
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Skip to the samples"
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "rows"
    assert browser.switch_to.active_element.is_displayed()


def test_arrows_move_within_a_row_of_controls_and_change_none_of_them(browser, explorer_page, width):
    open_explorer(browser, explorer_page)
    first = find(browser, "select[name=agent]")
    first.send_keys(Keys.ARROW_RIGHT)
    assert browser.switch_to.active_element.get_attribute("name") == "split"
    browser.switch_to.active_element.send_keys(Keys.END)
    assert browser.switch_to.active_element.get_attribute("name") == "scorer"
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert browser.switch_to.active_element.get_attribute("name") == "agent"
    assert find(browser, "select[name=agent]").get_attribute("value") == "deepeyes"
    assert find(browser, "select[name=scorer]").get_attribute("value") == "corrected"


def test_one_polite_live_region_says_what_a_change_did(browser, explorer_page, width):
    open_explorer(browser, explorer_page)
    regions = browser.find_elements(By.CSS_SELECTOR, "[aria-live], output, [role=status], [role=alert], [role=log]")
    assert [region.get_attribute("id") for region in regions] == ["said"]
    before = regions[0].get_attribute("textContent")

    press(browser, "]")

    WebDriverWait(browser, 5).until(lambda _: regions[0].get_attribute("textContent") not in ("", before))
    said = regions[0].get_attribute("textContent")
    assert re.fullmatch(
        r"DeepEyes, V\* direct attributes, threshold \.98: accuracy .+, speedup .+\. 60 samples listed\.", said
    )


def test_tokens_are_read_by_keyboard(browser, explorer_page, width):
    open_explorer(browser, explorer_page, "#sample=vstar/direct_attributes/0000")
    find(browser, ".token").send_keys(Keys.ARROW_RIGHT)
    second = find(browser, ".token:nth-child(2)")
    assert browser.switch_to.active_element == second
    detail = find(browser, "#token-detail").text
    assert detail.startswith("Token 2 of ")
    assert f"separability {second.find_element(By.CSS_SELECTOR, '.score').text} (K = 16" in detail

    find(browser, "body").send_keys("]")
    assert find(browser, "#token-detail").text.startswith("Token 2 of ")


def test_help_defines_every_number_metric_and_mark_of_the_page(browser, explorer_page, width):
    open_explorer(browser, explorer_page)
    metrics = texts(browser, "select[name=metric] option")
    press(browser, "?")
    defined = " ".join(texts(browser, "#help dt"))
    for name in (
        *metrics,
        "accuracy",
        "speedup",
        "α",
        "β",
        "separability",
        "K",
        "vs agent",
        "changes hands",
        "p",
        *"✓✗!?",
    ):
        assert name in defined, name
    assert all(len(words) > 20 for words in texts(browser, "#help dd"))


def open_a_zoomed_sample(browser, explorer_page):
    """The first sample of which DeepEyes looked at a crop."""
    for number in range(20):
        open_explorer(browser, explorer_page, f"#agent=deepeyes&sample=vstar/direct_attributes/{number:04d}")
        if browser.find_elements(By.CSS_SELECTOR, ".crops img"):
            return
    raise AssertionError("no sample with a crop")


def test_a_tool_call_says_where_it_looked_and_no_seconds_since_many_ran_at_the_same_time(browser, explorer_page, width):
    open_a_zoomed_sample(browser, explorer_page)
    shown = find(browser, ".tool .note").text
    assert re.fullmatch(r"image_zoom_in_tool\s?ok\s?box \d+, \d+ to \d+, \d+", shown)


def test_alternative_texts_say_what_is_asked_answered_and_cut_out(browser, explorer_page, width):
    open_a_zoomed_sample(browser, explorer_page)
    crops = browser.find_elements(By.CSS_SELECTOR, ".crops img")
    words = find(browser, ".picture img").get_attribute("alt")
    assert find(browser, ".question-text .text").text in words
    assert "900 by 900 pixels" in words
    assert re.search(r"zoomed in on: turn 1, box \d+, \d+ to \d+, \d+", words)
    assert re.match(
        r"Turn 1, picture 1 of 1 that image_zoom_in_tool returned, the box \d+", crops[0].get_attribute("alt")
    )
    assert_quiet(browser)
