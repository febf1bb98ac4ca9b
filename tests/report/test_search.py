"""The search of a page: from the keyboard and by the mouse, and out of the way afterwards."""

from __future__ import annotations

import pytest

from tests.report.browsing import Visit

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("page", ["index.html", "course.html"])
def test_search_finds_panels_and_leads_to_them(browser, playable_page, page):
    visit = Visit(browser, playable_page.with_name(page), until="load")
    visit.page.keyboard.press("/")
    visit.page.keyboard.type("figure turn-skew")
    found = visit.page.locator(".search li")
    assert found.count() == 1
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**/course.html#panel-turn-skew-panel")
    assert visit.complaints == []


def search(visit, words: str):
    """The list of what is found."""
    visit.page.keyboard.press("/")
    visit.page.keyboard.type(words)
    return visit.page.locator(".search .found")


def test_every_word_narrows_what_is_found(visit):
    found = search(visit, "figure")
    count = found.get_by_role("link").count()
    assert found.locator("output").inner_text() == f"{count} found"
    visit.page.keyboard.type(" TURN-")
    links = found.get_by_role("link").all()
    assert 1 < len(links) < count
    assert all("turn-" in link.get_attribute("href") for link in links)
    visit.page.keyboard.type("nowhere")
    assert found.locator("output").inner_text() == "nothing found"
    assert found.get_by_role("link").count() == 0


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_each_thing_found_is_a_link_to_it(visit, by):
    found = search(visit, "figure turn-")
    link = found.get_by_role("link").nth(1)
    target = link.get_attribute("href").rpartition("#")[2]
    if by == "mouse":
        link.click()
    else:
        for key in ("Tab", "Tab", "Enter"):
            visit.page.keyboard.press(key)
    visit.page.wait_for_url(f"**/course.html#{target}")
    assert visit.page.locator(f"[id='{target}']").evaluate(
        "each => { const { top } = each.getBoundingClientRect();"
        " return 0 <= top && top < innerHeight; }"
    )
    assert not found.is_visible()


@pytest.mark.parametrize("is_in_the_list", [False, True])
def test_escape_closes_the_search_and_leaves_the_focus_in_it(visit, is_in_the_list):
    found = search(visit, "figure")
    assert found.is_visible()
    if is_in_the_list:
        visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Escape")
    assert not found.is_visible()
    field = visit.page.get_by_role("searchbox")
    assert field.input_value() == ""
    assert field.evaluate("field => field === document.activeElement")


def test_what_was_found_is_put_away_while_the_reader_is_elsewhere(visit):
    found = search(visit, "turn-flip")
    for key, is_seen in (("Tab", True), ("Tab", False), ("Shift+Tab", True)):
        visit.page.keyboard.press(key)
        assert found.is_visible() == is_seen
    visit.page.get_by_role("heading", level=1).click()
    assert not found.is_visible()


@pytest.mark.parametrize("page", ["index.html", "written.html"])
@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("section 1.1 table list", "text-sec-a-table-a-list-and-a-quotation"),
        ("every step is one line", "text-sec-formula"),
        ("the text model learns", "start"),
    ],
)
def test_headings_of_a_text_are_found_by_their_words_and_by_those_below(
    browser, every_page, page, words, target
):
    visit = Visit(browser, every_page / "runs" / page, until="load")
    found = search(visit, words)
    assert found.get_by_role("link").count() == 1
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url(f"**/written.html#{target}")
    visit.page.locator(f"[id='{target}']").wait_for()
    assert not visit.page.locator(".search .found").is_visible()
    assert visit.complaints == []
