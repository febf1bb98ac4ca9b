"""The page of two runs: what differs comes first, and pictures can be laid over one another."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.report.build import build_report
from tests.report.browsing import Visit, pixels_of
from tests.report.made_up_run import MadeUpRun
from tests.report.page_reader import Page
from tests.report.playing import drag
from tests.report.two_runs import record_two_runs


@pytest.fixture
def two_runs(store):
    record_two_runs(store)
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


@pytest.mark.browser
def test_the_line_between_two_pictures_follows_the_pointer(browser, two_runs, tmp_path):
    index = build_report(two_runs, tmp_path / "out")
    page = Visit(browser, index.with_name("course--compare.html")).page
    pair = page.locator("article.pair")
    pair.scroll_into_view_if_needed()
    a, b = (pixels_of(image)[40, 60].astype(int) for image in pair.locator("figure img").all())
    pair.get_by_role("radio", name="wipe").check()
    field = pair.locator(".wipe-field")
    for shares, colours in (((0.25,), (a, b, b)), ((0.25, 0.9, 0.6), (a, a, b))):
        drag(page, field, *shares)
        assert pair.get_by_role("slider", name="Wipe").input_value() == f"{100 * shares[-1]:.0f}"
        seen = pixels_of(field).astype(int)
        width = seen.shape[1]
        for at, colour in zip((0.1, 0.4, 0.9), colours, strict=True):
            assert np.abs(seen[40, int(width * at)] - colour).max() <= 1
    box = field.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    assert pair.get_by_role("slider", name="Wipe").input_value() == "60"


@pytest.mark.browser
def test_each_way_to_compare_shows_what_it_is_called(browser, two_runs, tmp_path):
    index = build_report(two_runs, tmp_path / "out")
    page = Visit(browser, index.with_name("course--compare.html")).page
    pair = page.locator("article.pair")
    pair.scroll_into_view_if_needed()
    pictures, field = pair.locator("figure img"), pair.locator(".wipe-field")
    slider, swap = pair.get_by_role("slider"), pair.get_by_role("button", name="Show")
    a, b = (pixels_of(image)[40, 60].astype(int) for image in pictures.all())

    def is_seen():
        return [each.is_visible() for each in (pictures.first, pictures.last, field, slider, swap)]

    assert is_seen() == [True, True, False, False, False]
    pair.get_by_role("radio", name="one at a time").check()
    assert is_seen() == [False, False, True, False, True]
    for name, colour in (("Show B", b), ("Show A", a)):
        swap.click()
        assert np.abs(pixels_of(field)[40, [5, 60, -5]].astype(int) - colour).max() <= 1
        assert swap.inner_text() != name
    pair.get_by_role("radio", name="wipe").check()
    assert is_seen() == [False, False, True, True, False]
    pair.get_by_role("radio", name="side by side").check()
    assert is_seen() == [True, True, False, False, False]
