"""Every page holds together on a phone, a tablet and a desk, in light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.browsing import Visit
from tests.report.every_page import STATES, visit_in_state

pytestmark = pytest.mark.browser

WIDTHS = (360, 768, 1440)
FAULTS = Path(__file__).with_name("layout_faults.js").read_text()


@pytest.mark.parametrize("state", STATES)
def test_page_holds_together_at_every_width_in_light_and_dark(browser, every_page, state):
    visit = visit_in_state(browser, every_page, state, width=WIDTHS[0])
    for width in WIDTHS:
        visit.page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            visit.page.emulate_media(color_scheme=scheme)
            found = visit.page.evaluate(FAULTS)
            where = f"{state}, {scheme}, {width} px wide"
            assert found["texts"] > 5, where
            assert {kind: each for kind, each in found["faults"].items() if each} == {}, where
            assert found["ground"] < 0.02 if scheme == "dark" else found["ground"] > 0.9, where
    assert visit.complaints == []


def test_tables_beside_pictures_are_never_cut(browser, every_page):
    page = Visit(browser, every_page / "runs/course.html", width=1200).page
    tables = page.locator(".beside .scroll:not(.paired)")
    assert tables.count() > 0
    # As wide as that of a model with three checkpoints and its distance to the real images.
    tables.first.locator("td").first.evaluate("cell => { cell.style.minWidth = '18rem'; }")
    for table in tables.all():
        table.scroll_into_view_if_needed()
        assert table.evaluate("each => each.scrollWidth - each.clientWidth") <= 1


@pytest.mark.parametrize("name", ["nodes", "compare"])
@pytest.mark.parametrize("width", WIDTHS)
def test_page_beside_a_pipeline_leads_back_to_it(browser, every_page, name, width):
    page = Visit(browser, every_page / f"runs/course--{name}.html", width=width).page
    link = page.get_by_role("banner").locator("a[href='course.html']")
    box = link.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    link.click()
    page.wait_for_url("**/course.html")


@pytest.mark.parametrize("name", ["nodes", "compare"])
def test_way_back_leaves_a_phone_most_of_its_height(browser, every_page, name):
    page = Visit(browser, every_page / f"runs/course--{name}.html", width=360).page
    assert page.locator(".bar").bounding_box()["height"] < 90
