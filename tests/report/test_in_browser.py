"""The report as a reader meets it, in a real Chromium."""

from __future__ import annotations

import pytest

from tasks.report.build import build_report
from tests.report.browsing import Visit
from tests.report.made_up_run import MadeUpRun

pytestmark = pytest.mark.browser


@pytest.fixture
def index(store, tmp_path):
    MadeUpRun(
        store,
        title="<img src=x onerror=alert(1)>",
        figures=["loss", "samples", "broken"],
        statuses={"figure/broken/panel": "failed"},
    ).record()
    return build_report(store, tmp_path / "out")


@pytest.mark.parametrize("name", ["index.html", "course.html"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_load_from_disk_alone_without_complaint(browser, index, name, scheme):
    visit = Visit(browser, index.with_name(name), scheme=scheme)
    assert visit.complaints == []
    assert all(url.startswith(("file:", "data:")) for url in visit.requests)
    widths = visit.page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert widths and all(width > 0 for width in widths)


def test_single_file_asks_for_nothing_but_itself(browser, store, tmp_path):
    MadeUpRun(store).record()
    path = build_report(store, tmp_path / "out", single_file=True)
    visit = Visit(browser, path)
    assert visit.complaints == []
    assert [url for url in visit.requests if not url.startswith("data:")] == [path.as_uri()]
    widths = visit.page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert widths and all(width > 0 for width in widths)


def test_dark_readers_get_the_dark_chart(browser, index):
    shown = {}
    for scheme in ("light", "dark"):
        visit = Visit(browser, index.with_name("course.html"), scheme=scheme)
        image = visit.page.locator("figure picture img").first
        shown[scheme] = image.evaluate("image => image.currentSrc")
    assert shown["light"] != shown["dark"]


def test_nothing_moves_until_asked_and_the_button_starts_and_stops_it(browser, index):
    page = Visit(browser, index.with_name("course.html")).page
    image = page.locator("img.can-play")
    image.scroll_into_view_if_needed()
    button = page.get_by_role("button", name="Play")
    still = image.screenshot()
    page.wait_for_timeout(400)
    assert image.screenshot() == still
    button.press("Enter")
    assert button.count() == 0
    seen = set()
    for _ in range(10):
        page.wait_for_timeout(60)
        seen.add(image.screenshot())
    assert len(seen) > 1
    page.get_by_role("button", name="Pause").press("Space")
    page.wait_for_timeout(200)
    assert image.screenshot() == still


def test_nodes_that_one_was_made_from_are_listed_when_asked_for(browser, index):
    page = Visit(browser, index.with_name("course--nodes.html")).page
    row = page.locator("tr.node", has_text="evaluate/m/epoch-010")
    assert row.get_by_role("link").count() == 0
    row.get_by_text("2 nodes").press("Enter")
    row.get_by_role("link").first.wait_for()
    links = row.get_by_role("link").all()
    assert [link.inner_text() for link in links] == ["train/m", "data/digits"]
    links[0].click()
    assert page.evaluate("document.querySelector(':target').cells[0].innerText") == "train/m"
