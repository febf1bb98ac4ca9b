"""A report of 2,000 figures answers at once, and weighs little before the reader scrolls."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.report.build import build_report
from tasks.store.store import Store
from tests.report.browsing import Visit
from tests.report.many_figures import DRAWN, FIGURES, ManyFigures

pytestmark = [pytest.mark.browser, pytest.mark.timed]

INTERACTIVE_SECONDS = 1.0


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    store = Store.open(str(folder / "store"))
    ManyFigures(store).record()
    return build_report(store, folder / "out").with_name("course.html")


def load(browser, path: Path) -> float:
    """Seconds of the page's main thread until controls are there, search answers and all the page
    is read. Processor time, as a busy machine makes everything else wait too."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    page.wait_for_selector("figure.panel[data-started]")
    page.locator(".search input").fill("words of")
    page.wait_for_selector(".search.is-open li")
    measured = session.send("Performance.getMetrics")["metrics"]
    page.close()
    return next(each["value"] for each in measured if each["name"] == "TaskDuration")


def test_two_thousand_figures_are_interactive_within_a_second(browser, page):
    assert min(load(browser, page) for _ in range(3)) < INTERACTIVE_SECONDS


def test_first_view_of_a_long_report_loads_few_pictures(browser, page):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(page.as_uri())
    opened.wait_for_load_state("networkidle", timeout=120_000)
    pictures = {url for url in asked if url.endswith((".png", ".webp"))}
    assert 0 < len(pictures) < DRAWN


def test_what_is_far_down_is_found_reached_and_printed(browser, page):
    visit = Visit(browser, page)
    opened = visit.page
    target = opened.locator("#panel-figure-1990-panel")
    opened.locator(".search input").fill("words of figure-1990.")
    opened.keyboard.press("Enter")
    opened.wait_for_selector("#panel-figure-1990-panel[data-started]")
    opened.wait_for_function(
        "() => { const { top } = document.querySelector('#panel-figure-1990-panel')"
        ".getBoundingClientRect(); return top >= 0 && top < innerHeight / 2; }"
    )
    opened.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert opened.locator("figure.panel").count() == FIGURES
    opened.emulate_media(media="print")
    shown = opened.evaluate(
        "[...document.querySelectorAll('section.figure')]"
        ".map(each => getComputedStyle(each).contentVisibility)"
    )
    assert set(shown) == {"visible"}
    assert "Words of figure-1990." in target.inner_text()
    assert visit.complaints == []


def test_link_into_a_long_report_stays_at_its_target_while_the_page_grows(browser, page):
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.goto(f"{page.as_uri()}#panel-figure-1990-panel")
    opened.wait_for_function("() => !document.querySelector('noscript.later')")
    opened.wait_for_timeout(500)
    top = opened.locator("#panel-figure-1990-panel").evaluate("e => e.getBoundingClientRect().top")
    assert 0 <= top < 450
    opened.mouse.move(700, 400)
    opened.mouse.wheel(0, -3000)
    opened.wait_for_function(f"() => scrollY < {opened.evaluate('scrollY')} - 1000")
    opened.close()


def test_contents_of_a_long_report_are_folded_up(browser, page):
    opened = Visit(browser, page).page
    entry = opened.locator(".contents li a").nth(1500)
    assert not entry.is_visible()
    opened.locator(".contents summary").click()
    entry.click()
    opened.wait_for_function(
        "() => { const { top } = document.getElementById('figure-1500').getBoundingClientRect();"
        " return top >= 0 && top < innerHeight / 2; }"
    )
