"""Cards of models as a reader sees them, in a real Chromium."""

from __future__ import annotations

import pytest

from tasks.report.build import build_report
from tasks.store.store import Store
from tests.report.browsing import Visit
from tests.report.trained_run import EPOCHS, TrainedRun

pytestmark = pytest.mark.browser

MANY = [f"figure-{place}" for place in range(30)]
"""Figures enough that the part of the page with the cards is filled in later."""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    store = Store.open(str(folder / "store"))
    TrainedRun(store, figures=MANY).record()
    return build_report(store, folder / "out").with_name("trained.html")


@pytest.fixture(params=[360, 1440])
def visit(browser, report, request):
    visit = Visit(browser, report, width=request.param)
    visit.page.evaluate("location.hash = 'model-train-m'")
    visit.page.wait_for_selector("#model-train-m")
    yield visit
    assert visit.complaints == []


def test_an_address_of_a_checkpoint_leads_to_it_on_a_page_not_yet_filled(browser, report):
    visit = Visit(browser, report)
    visit.page.evaluate("location.hash = 'model-train-m-epoch-010'")
    entry = visit.page.locator("tr:target")
    entry.wait_for()
    visit.page.wait_for_function(
        "() => { const { top, bottom } = document.querySelector('tr:target')"
        ".getBoundingClientRect(); return top >= 0 && bottom <= innerHeight; }"
    )
    assert entry.locator("th").inner_text().startswith("epoch 10")
    assert visit.complaints == []


def test_the_page_is_no_wider_than_its_window(visit):
    assert visit.page.locator(".checkpoints tbody tr").count() == EPOCHS + 1
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_every_mark_lies_whole_on_the_small_curve_in_the_order_of_epochs(visit):
    card = visit.page.locator("#model-train-m")
    field = card.locator(".small-curve svg").bounding_box()
    marks = [mark.bounding_box() for mark in card.locator("circle").all()]
    assert len(marks) == EPOCHS
    assert [mark["x"] for mark in marks] == sorted(mark["x"] for mark in marks)
    for mark in marks:
        assert field["x"] <= mark["x"] and mark["x"] + mark["width"] <= field["x"] + field["width"]
        assert (
            field["y"] <= mark["y"] and mark["y"] + mark["height"] <= field["y"] + field["height"]
        )


def test_a_checkpoint_and_provenance_are_reached_by_keyboard(visit):
    card = visit.page.locator("#model-train-m")
    card.get_by_role("link", name="epoch 10").focus()
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_function("location.hash === '#model-train-m-epoch-010'")
    key = card.locator(".provenance dt", has_text="key")
    assert not key.is_visible()
    card.locator("summary").focus()
    visit.page.keyboard.press("Enter")
    assert key.is_visible()
