"""axe-core finds no serious fault on any page, in light and dark, on phone, tablet and desk."""

from __future__ import annotations

import os

import pytest

from tests.report.browsing import REQUIRED
from tests.report.every_page import STATES, visit_in_state

pytestmark = pytest.mark.browser

LOOKS = (("light", 360), ("dark", 768), ("light", 1440))
"""Both schemes and every width: what axe looks at depends on either, not on both together."""
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def axe():
    if os.environ.get(REQUIRED):
        from axe_playwright_python.sync_playwright import Axe
    else:
        package = "axe_playwright_python.sync_playwright"
        Axe = pytest.importorskip(package, reason="axe-playwright-python is not installed").Axe
    return Axe()


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_no_serious_fault(axe, browser, every_page, state):
    page = visit_in_state(browser, every_page, state, width=LOOKS[0][1]).page
    for scheme, width in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        found = axe.run(page).response
        assert "color-contrast" in {rule["id"] for rule in found["passes"]}
        faults = [
            f"{fault['id']}: {node['html'][:200]} ({node['failureSummary']})"
            for fault in found["violations"]
            if fault["impact"] in SERIOUS
            for node in fault["nodes"]
        ]
        assert faults == [], f"{state}, {scheme}, {width} px wide"
