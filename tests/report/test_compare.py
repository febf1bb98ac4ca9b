"""The page of two runs: what differs comes first, and pictures can be laid over one another."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tasks.report.build import build_report
from tests.report.browsing import Visit, pixels_of
from tests.report.made_up_run import MadeUpRun, key_of, picture
from tests.report.page_reader import Page

NEWER = "2026-02-01T00:00:00+00:00"


@pytest.fixture
def two_runs(store):
    """The second drew "samples" otherwise and has another seed in its model."""
    MadeUpRun(store).record()
    MadeUpRun(store, run_id="run-2", created_at=NEWER).record()
    run = store.find(key_of("run-2"))
    layout = json.loads(store.read_object(run.objects["layout.json"]))
    changed = {"figure/samples/panel": {}, "train/m": {"final_loss": 0.042}}
    for name, metrics in changed.items():
        old = store.find(key_of(name))
        objects = dict(old.objects)
        if name.startswith("figure"):
            objects["image.png"] = store.put_object(picture(99), "png")
        key = key_of(f"new {name}")
        metrics = {**old.metrics, **metrics}
        store.record(type(old)(**{**vars(old), "key": key, "objects": objects, "metrics": metrics}))
        for node in layout["nodes"]:
            node["key"] = key if node["name"] == name else node["key"]
        for panel in (panel for figure in layout["figures"] for panel in figure["panels"]):
            panel["key"] = key if panel["node"] == name else panel["key"]
    layout["overrides"] = ["models.m.epochs=9"]
    reference = store.put_object(json.dumps(layout).encode(), "json")
    store.record(type(run)(**{**vars(run), "objects": {"layout.json": reference}}))
    return store


def test_pipeline_that_ran_twice_leads_to_what_differs(two_runs, tmp_path):
    index = build_report(two_runs, tmp_path / "out")
    assert "course--compare.html" in Page.read(index.with_name("course.html")).addresses
    page = Page.read(index.with_name("course--compare.html"))
    assert page.unclosed == []
    assert "1 setting, 1 metric, 1 picture differ." in page.text
    assert "models.m.epochs=9" in page.text
    assert "train/m final loss 0.084 0.042 -0.042 -50 %" in page.text
    differing, _, rest = page.text.partition("The rest")
    assert "parameters" not in differing and "parameters" in rest
    assert len(page.all("img", "src")) == 2


def test_pipeline_that_ran_once_has_nothing_to_compare(store, tmp_path):
    MadeUpRun(store).record()
    index = build_report(store, tmp_path / "out")
    assert "course--compare.html" not in Page.read(index.with_name("course.html")).addresses
    assert not index.with_name("course--compare.html").exists()


@pytest.mark.browser
def test_pictures_are_wiped_and_swapped_from_the_keyboard(browser, two_runs, tmp_path):
    index = build_report(two_runs, tmp_path / "out")
    visit = Visit(browser, index.with_name("course--compare.html"))
    pair = visit.page.locator("article.pair")
    pair.scroll_into_view_if_needed()
    a, b = (pixels_of(image)[40, 60] for image in pair.locator("figure img").all())
    assert (a != b).any()
    pair.get_by_role("radio", name="side by side").press("ArrowRight")
    field = pair.locator(".wipe-field")
    slider = pair.get_by_role("slider", name="Wipe")
    for key, shown in (("Home", b), ("End", a)):
        slider.press(key)
        assert np.abs(pixels_of(field)[40, 60].astype(int) - shown).max() <= 1
    pair.get_by_role("radio", name="wipe").press("ArrowRight")
    assert np.abs(pixels_of(field)[40, 60].astype(int) - a).max() <= 1
    pair.get_by_role("button", name="Show B").press("Enter")
    assert np.abs(pixels_of(field)[40, 60].astype(int) - b).max() <= 1
    assert visit.complaints == []
