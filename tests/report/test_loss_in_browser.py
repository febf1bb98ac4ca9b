"""A loss beside reported ones, read as a reader would, in a real Chromium."""

from __future__ import annotations

import pytest

from tasks.report.build import build_report
from tasks.store.store import Store
from tests.report.browsing import Visit
from tests.report.playable_run import LOSSES, OURS, THEIRS, PlayableRun
from tests.report.playing import set_slider

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("losses")
    store = Store.open(str(folder / "store"))
    PlayableRun(store, figures=("loss", "reported")).record()
    return build_report(store, folder / "out").with_name("course.html")


@pytest.fixture(params=[360, 1440])
def visit(browser, report, request):
    visit = Visit(browser, report, width=request.param)
    visit.page.wait_for_function("!document.querySelector('figure.panel:not([data-started])')")
    yield visit
    assert visit.complaints == []


@pytest.fixture
def figure(visit):
    return visit.page.locator("#panel-reported-panel")


def said(figure) -> list[str]:
    return figure.locator(".readout span").all_inner_texts()


def test_loss_and_reported_values_can_be_read_at_a_step(figure):
    set_slider(figure, "Step", 0)
    assert said(figure) == [f"{OURS}, step 1: loss 1, smoothed 2", f"{THEIRS}, step 1: loss 0.472"]
    figure.get_by_role("slider", name="Step", exact=True).press("End")
    ours, theirs = said(figure)
    assert f"to 1,000: loss {LOSSES[-1]} to" in ours
    assert theirs == f"{THEIRS}, step 1,601: loss 0.05"


def test_reported_values_come_and_go(figure):
    points = figure.locator("path.reported")
    assert points.count() == 4
    figure.get_by_label("reported values").uncheck()
    assert points.count() == 0
    assert len(said(figure)) == 1


def test_raw_and_smoothed_are_shown_as_wanted(figure):
    for name in ("raw", "smoothed"):
        lines = figure.locator(f".curve-field path.{name}")
        assert lines.count() == 1
        figure.get_by_label(name).uncheck()
        assert lines.count() == 0


@pytest.mark.parametrize("scale", ["log scale", "log steps"])
def test_each_scale_goes_from_log_to_linear(figure, scale):
    smoothed = figure.locator("path.smoothed")
    logarithmic = smoothed.get_attribute("d")
    figure.get_by_label(scale).uncheck()
    linear = smoothed.get_attribute("d")
    assert linear != logarithmic
    figure.get_by_label(scale).check()
    assert smoothed.get_attribute("d") == logarithmic


@pytest.mark.parametrize("is_log", [True, False])
def test_a_pointer_reads_the_step_below_it(visit, figure, is_log):
    figure.get_by_label("log steps").set_checked(is_log)
    field = figure.locator(".curve-field svg")
    field.scroll_into_view_if_needed()
    point = figure.locator("path.reported").nth(2).bounding_box()
    visit.page.mouse.move(point["x"] + point["width"] / 2, point["y"] + 30)
    assert said(figure)[1] == f"{THEIRS}, step 1,001: loss 0.061"


def test_steps_of_a_loss_alone_start_linear_and_can_be_logarithmic(visit):
    figure = visit.page.locator("#panel-loss-panel")
    assert not figure.get_by_label("log steps").is_checked()
    assert figure.get_by_label("reported values").count() == 0
    cursor = figure.locator("line.cursor")
    set_slider(figure, "Step", 100)
    linear = float(cursor.get_attribute("x1"))
    figure.get_by_label("log steps").check()
    assert float(cursor.get_attribute("x1")) > linear


def test_the_table_of_the_still_is_text_beside_the_chart(visit, figure):
    table = figure.get_by_role("region", name="This run beside the reported losses")
    rows = table.locator("tbody tr").all_inner_texts()
    assert [row.split("\t") for row in rows] == [
        ["0", "1.000", "0.472", "", "0.145"],
        ["1", "0.002", "0.061", "", "0.050"],
    ]
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
