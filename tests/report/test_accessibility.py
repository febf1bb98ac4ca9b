"""axe-core finds no serious fault on any page, in light and dark, on a phone and on a desk."""

from __future__ import annotations

import os
from itertools import product

import pytest

from tasks.report.build import build_report
from tasks.store.store import Store
from tests.report.browsing import REQUIRED, Visit
from tests.report.claimed_run import FAILED, HELD, OPEN, UNCHECKED, record_claims
from tests.report.playable_run import PlayableRun
from tests.report.trained_run import TrainedRun
from tests.report.two_runs import record_two_runs

pytestmark = pytest.mark.browser

LOOKS = tuple(product(("light", "dark"), (360, 1440)))
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def axe():
    if os.environ.get(REQUIRED):
        from axe_playwright_python.sync_playwright import Axe
    else:
        package = "axe_playwright_python.sync_playwright"
        Axe = pytest.importorskip(package, reason="axe-playwright-python is not installed").Axe
    return Axe()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Reports by name: "course" ran twice and stands beside "claimed"; "playable" has every
    control; "trained" has models of several kinds."""
    folder = tmp_path_factory.mktemp("accessible")
    store = Store.open(str(folder / "store"))
    record_two_runs(store)
    record_claims(
        store,
        "claimed",
        {"one": {"a": HELD, "b": FAILED}, "two": {"a": OPEN, "b": UNCHECKED}},
    )
    build_report(store, folder / "runs")
    played = Store.open(str(folder / "played"))
    PlayableRun(played, pipeline="playable").record()
    build_report(played, folder / "play")
    trained = Store.open(str(folder / "models"))
    TrainedRun(trained).record()
    build_report(trained, folder / "train")
    return folder


def start_every_panel(page) -> None:
    """Panels start when they come near: here, all of them do."""
    page.set_viewport_size({"width": 1440, "height": 8000})
    page.wait_for_function("!document.querySelector('figure.panel:not([data-started])')")


def open_search(page) -> None:
    start_every_panel(page)
    page.locator(".search input").fill("digits")
    page.wait_for_selector(".search.is-open li")


def open_dialog(page) -> None:
    start_every_panel(page)
    page.locator("button.cell").first.click()
    page.wait_for_selector("dialog[open]")


STATES = {
    "index": ("runs/index.html", start_every_panel),
    "figures": ("runs/course.html", start_every_panel),
    "models": ("train/trained.html", start_every_panel),
    "claims": ("runs/claimed.html", start_every_panel),
    "metrics": ("runs/metrics.html", start_every_panel),
    "nodes": ("runs/course--nodes.html", start_every_panel),
    "two runs": ("runs/course--compare.html", start_every_panel),
    "controls": ("play/playable.html", start_every_panel),
    "search": ("runs/course.html", open_search),
    "dialog": ("play/playable.html", open_dialog),
}


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_no_serious_fault(axe, browser, folder, state):
    path, prepare = STATES[state]
    page = Visit(browser, folder / path).page
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    prepare(page)
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
