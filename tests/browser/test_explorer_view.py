"""The explorer in use: two clicks, links, keys, themes, phones, and texts that would rather be code."""

from __future__ import annotations

import pytest
from browser import assert_quiet, load, page_seconds, resize
from explorer_page import find, open_explorer, press, texts, view, wait_until_drawn
from illustrated_study import ATTACK
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from speceyes.pages.explorer.page import write_explorer

HARD_LINK = (
    "#agent=thyme&split=hrbench/4k&metric=mean&k=8&batch=1&scorer=published"
    "&threshold=0.9871&pin=0.96&show=right-deferred&find=dot&order=confidence"
)


@pytest.fixture(autouse=True)
def desktop(browser):
    resize(browser, 1400, 900)


def test_opens_from_disk_without_a_request_or_a_complaint(browser, explorer_page):
    open_explorer(browser, explorer_page)
    assert explorer_page.resolve().as_uri() == browser.current_url.partition("#")[0]
    assert_quiet(browser)


def test_a_page_of_a_few_hundred_samples_opens_within_a_second_of_processor_time(browser, explorer_page):
    open_explorer(browser, explorer_page)
    assert 0 < page_seconds(browser) < 1.0


def test_a_wrong_but_accepted_sample_is_two_clicks_away(browser, explorer_page):
    open_explorer(browser, explorer_page)

    find(browser, "[data-filter=wrong-accepted]").click()
    find(browser, ".row:nth-child(2)").click()

    phases = texts(browser, ".phase")
    assert "accepted" in phases[2]
    assert find(browser, ".phase:nth-child(2) .mark").get_attribute("title") == "wrong"
    assert "wrong" in find(browser, ".verdicts tbody tr:first-child td:last-child").text


def test_a_link_brings_back_the_whole_view(browser, explorer_page):
    open_explorer(browser, explorer_page, HARD_LINK)
    find(browser, ".row:nth-child(2)").click()
    seen = view(browser)
    link = browser.current_url.partition("#")[2]

    open_explorer(browser, explorer_page)
    assert view(browser) != seen
    open_explorer(browser, explorer_page, f"#{link}")

    assert view(browser) == seen
    assert seen["threshold"] == "0.9871"
    assert seen["filter"] == "right-deferred"
    assert len(seen["rows"]) > 1


def test_a_link_typed_into_the_open_page_is_followed(browser, explorer_page):
    open_explorer(browser, explorer_page)
    browser.execute_script("window.location.hash = arguments[0]", HARD_LINK)
    assert view(browser)["controls"]["agent"] == "thyme"


@pytest.mark.parametrize("link", ["#agent=nobody&split=x/y&k=1e9&threshold=7&sample=%00", "#%", "#show=__proto__"])
def test_a_broken_link_falls_back_to_what_exists(browser, explorer_page, link):
    open_explorer(browser, explorer_page)
    usual = view(browser)
    open_explorer(browser, explorer_page, link)
    assert view(browser) == usual
    assert_quiet(browser)


def test_keys_move_between_samples_thresholds_filters_and_help(browser, explorer_page):
    open_explorer(browser, explorer_page)
    first = find(browser, ".head h2").text

    press(browser, "j")
    second = find(browser, ".head h2").text
    press(browser, Keys.ARROW_UP)
    assert find(browser, ".head h2").text == first != second

    press(browser, "]")
    assert find(browser, "#threshold").get_attribute("value") == "0.98"
    press(browser, "[[")
    assert find(browser, "#threshold").get_attribute("value") == "0.96"

    press(browser, "f")
    assert browser.switch_to.active_element.get_attribute("data-filter") == "all"
    press(browser, "/")
    assert browser.switch_to.active_element.get_attribute("id") == "find"
    browser.switch_to.active_element.send_keys("jt")
    assert find(browser, "#rows").text == "No sample here."
    assert find(browser, "html").get_attribute("data-theme") is None  # typing is no shortcut
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert browser.switch_to.active_element.tag_name == "body"

    press(browser, "?")
    assert find(browser, "#help").is_displayed()
    find(browser, "#help button").click()
    assert not find(browser, "#help").is_displayed()


def test_letters_act_while_the_slider_has_the_focus_and_arrows_move_it(browser, explorer_page):
    open_explorer(browser, explorer_page)
    first = find(browser, ".head h2").text
    find(browser, "#slider").send_keys("j")
    second = find(browser, ".head h2").text
    assert second != first
    threshold = find(browser, "#threshold").get_attribute("value")
    find(browser, "#slider").send_keys(Keys.ARROW_RIGHT * 3)
    assert find(browser, ".head h2").text == second
    assert float(find(browser, "#threshold").get_attribute("value")) > float(threshold)


def test_benchmarks_on_pages_of_their_own_are_linked_both_ways(browser, study_tables, tmp_path):
    pages = {name: tmp_path / f"explorer-{name}.html" for name in ("vstar", "hrbench", "pope")}
    write_explorer(study_tables, tmp_path / "explorer.html", pages, workers=2)
    load(browser, tmp_path / "explorer.html")

    find(browser, "[href='explorer-hrbench.html']").click()
    wait_until_drawn(browser)
    assert texts(browser, "select[name=split] option") == ["HR-Bench 4K (n = 80)"]
    find(browser, "#home").click()

    assert browser.current_url == (tmp_path / "explorer.html").as_uri()
    assert_quiet(browser)


def test_moving_the_threshold_lists_the_samples_that_change_hands(browser, explorer_page):
    open_explorer(browser, explorer_page, "#threshold=0.7")
    find(browser, "[data-filter=moved]").click()
    lower = texts(browser, ".row .by")
    assert lower
    assert all(line.startswith("⇄ draft:") for line in lower)

    find(browser, "#pin").click()

    assert texts(browser, ".row") == []
    assert find(browser, "#rows").text.startswith("No sample here")
    assert find(browser, "#pin").text == "Unpin .7"


def test_every_filter_counts_what_it_lists(browser, explorer_page):
    open_explorer(browser, explorer_page, "#split=vstar/relative_position")
    for button in [
        button.get_attribute("data-filter") for button in browser.find_elements(By.CSS_SELECTOR, "[data-filter]")
    ]:
        find(browser, f"[data-filter={button}]").click()
        count = int(find(browser, f"[data-filter={button}] .count").text)
        rows = browser.find_elements(By.CSS_SELECTOR, ".row")
        assert [row.get_attribute("aria-setsize") for row in rows[:1]] == [str(count)] * bool(count)


def test_an_empty_list_leads_to_the_splits_where_the_filter_finds_something(browser, explorer_page):
    open_explorer(browser, explorer_page, "#agent=deepeyes&split=pope/random&show=errors")
    assert texts(browser, ".row") == []
    assert texts(browser, ".elsewhere button") == ["V* direct attributes 3", "V* relative position 1", "HR-Bench 4K 2"]

    find(browser, ".elsewhere button").click()

    assert len(texts(browser, ".row")) == 3
    assert find(browser, ".tag.bad").text == "no answer"


def test_where_no_split_has_one_at_this_threshold_the_nearest_that_has_is_a_click_away(browser, explorer_page):
    open_explorer(browser, explorer_page, "#agent=deepeyes&split=pope/random&threshold=0.9999999")

    find(browser, "[data-filter=wrong-accepted]").click()
    assert texts(browser, ".row") == []
    find(browser, ".elsewhere button").click()

    assert "accepted" in texts(browser, ".phase")[2]
    assert find(browser, ".phase:nth-child(2) .mark").get_attribute("title") == "wrong"
    assert view(browser)["threshold"] != "0.9999999"
    assert view(browser)["filter"] == "wrong-accepted"


def test_a_button_pressed_by_keyboard_keeps_the_focus(browser, explorer_page):
    open_explorer(browser, explorer_page)
    for selector in ("[data-filter=moved]", "#stops button:nth-child(2)", "[aria-label='Next sample']"):
        find(browser, selector).send_keys(Keys.ENTER)
        assert browser.switch_to.active_element == find(browser, selector)


def test_what_a_model_wrote_stays_text(browser, explorer_page):
    open_explorer(browser, explorer_page)

    shown = texts(browser, ".turns pre.text")

    assert any(ATTACK in text for text in shown)
    assert browser.title != "owned"
    assert browser.find_elements(By.CSS_SELECTOR, "img[src=x]") == []
    assert_quiet(browser)


def test_a_sample_shows_image_boxes_crops_and_tokens(browser, explorer_page):
    zoomed = "#split=vstar/relative_position&sample=vstar/relative_position/"
    for number in range(10):
        open_explorer(browser, explorer_page, f"{zoomed}{number:04d}")
        if browser.find_elements(By.CSS_SELECTOR, ".crops img"):
            break
    pictures = browser.find_elements(By.CSS_SELECTOR, ".picture img, .crops img")
    assert len(pictures) > 1
    assert all(browser.execute_script("return arguments[0].naturalWidth", picture) > 0 for picture in pictures)
    assert browser.find_elements(By.CSS_SELECTOR, ".box rect")
    assert texts(browser, ".token")
    assert texts(browser, ".phase h4")[0] == "Screening"


def test_dark_and_light_follow_the_system_and_the_button(browser, explorer_page):
    ground = "return getComputedStyle(document.body).backgroundColor"
    for scheme in ("light", "dark"):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        open_explorer(browser, explorer_page)
        browser.execute_script("window.localStorage.clear(); delete document.documentElement.dataset.theme")
        system = browser.execute_script(ground)
        find(browser, "#theme").click()
        assert browser.execute_script(ground) != system
        open_explorer(browser, explorer_page)
        assert browser.execute_script(ground) != system  # remembered
        browser.execute_script("window.localStorage.clear()")


@pytest.mark.parametrize("width", [1400, 1100, 1000, 830, 700, 400])
def test_nothing_sticks_out_at_any_width(browser, explorer_page, width):
    resize(browser, width, 900)
    open_explorer(browser, explorer_page)
    parts = (
        "html, .top, .setting, .browse, .filters button, .sample" if width > 820 else "html, .top, .setting, .browse"
    )
    wider = """
        return [...document.querySelectorAll(arguments[0])]
            .filter((part) => part.scrollWidth > part.clientWidth + 1
                || part.getBoundingClientRect().right > innerWidth)
            .map((part) => part.className || part.tagName);
    """
    assert browser.execute_script(wider, parts) == []


def test_the_explorer_fits_a_phone_and_shows_list_or_sample(browser, explorer_page):
    resize(browser, 400, 860)
    overflow = "return document.documentElement.scrollWidth - window.innerWidth"
    open_explorer(browser, explorer_page)
    assert browser.execute_script(overflow) <= 0
    assert not find(browser, "#sample").is_displayed()

    find(browser, "[data-filter=wrong-accepted]").click()
    find(browser, ".row").click()
    assert find(browser, "#sample").is_displayed()
    assert not find(browser, "#rows").is_displayed()
    assert browser.execute_script(overflow) <= 0

    find(browser, ".back").click()
    assert find(browser, "#rows").is_displayed()
