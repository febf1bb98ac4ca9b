"""A text in a real Chromium: keyboard, print, and what it asks for."""

from __future__ import annotations

import pytest

from tests.report.browsing import Visit

pytestmark = pytest.mark.browser


@pytest.fixture
def written(browser, every_page):
    visit = Visit(browser, every_page / "runs/written.html")
    yield visit.page
    assert visit.complaints == []
    assert all(url.startswith(("file:", "data:")) for url in visit.requests)


def test_verdict_opens_from_the_keyboard_without_a_script(browser, every_page):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((every_page / "runs/written.html").as_uri())
    summary = page.locator(".verdict-here summary").first
    numbers = page.locator(".verdict-here").first.get_by_text("The error falls", exact=False)
    summary.focus()
    assert page.locator(".verdict-here div").first.is_hidden()
    page.keyboard.press("Enter")
    page.locator(".verdict-here div").first.wait_for(state="visible")
    assert numbers.count() == 0 or numbers.first.is_visible()


def test_footnote_and_figure_lead_there_and_back_from_the_keyboard(written):
    written.locator("sup.note a").first.focus()
    written.keyboard.press("Enter")
    written.wait_for_url("**#text-note-1")
    back = written.locator("#text-note-1 a[aria-label='Back to the text']").first
    back.focus()
    written.keyboard.press("Enter")
    written.wait_for_url("**#text-noteref-1-1")
    written.get_by_role("link", name="Figure 1", exact=True).first.click()
    written.wait_for_url("**#loss")
    written.locator(".mentions a").first.click()
    written.wait_for_url("**#text-mention-*")


def test_lines_are_about_seventy_characters_long(written):
    """As a browser breaks them, in the first paragraph of several lines."""
    lengths = written.evaluate(
        """() => {
          const paragraph = document.querySelector(".prose > p");
          const range = document.createRange();
          const counts = {};
          const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const node = walker.currentNode;
            for (let i = 0; i < node.length; i++) {
              range.setStart(node, i); range.setEnd(node, i + 1);
              const top = Math.round(range.getBoundingClientRect().bottom / 12);
              counts[top] = (counts[top] || 0) + 1;
            }
          }
          return Object.values(counts);
        }"""
    )
    assert 60 <= max(lengths) <= 85


def test_figures_of_a_text_are_played_with_as_anywhere(written):
    figure = written.locator(".prose figure.panel").first
    figure.scroll_into_view_if_needed()
    written.wait_for_selector(".prose figure.panel[data-started]")


def test_printed_it_is_whole(written, tmp_path):
    written.emulate_media(media="print")
    written.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert written.locator("noscript.later").count() == 0
    assert written.locator(".verdict-here div").first.is_visible()
    assert written.locator(".prose .contents").is_visible()
    assert written.locator(".bar").is_hidden()
    wide = written.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0
    written.pdf(path=tmp_path / "page.pdf", format="A4")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
