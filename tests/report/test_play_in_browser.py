"""Every control of the report, used as a reader would, in a real Chromium."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.report.build import build_report
from tasks.store.store import Store
from tests.figures.picture_steps import scene
from tests.report.browsing import Visit, pixels_of, squares_of
from tests.report.playable_run import (
    HOSTILE,
    I_STARTS,
    LOSSES,
    PROMPTS,
    SIZE,
    VIEWS,
    PlayableRun,
    edited,
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("played")
    store = Store.open(str(folder / "store"))
    PlayableRun(store, title=HOSTILE).record()
    return build_report(store, folder / "out").with_name("course.html")


@pytest.fixture
def visit(browser, report):
    visit = Visit(browser, report)
    yield visit
    assert visit.complaints == []
    assert all(url.startswith(("file:", "data:")) for url in visit.requests)


def panel(visit, name):
    """The figure, with its controls built."""
    figure = visit.page.locator(f"#panel-{name}-panel")
    figure.scroll_into_view_if_needed()
    visit.page.wait_for_selector(f"#panel-{name}-panel[data-started]")
    return figure


def set_slider(figure, name, value):
    figure.get_by_role("slider", name=name, exact=True).evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }",
        value,
    )


def shown_prompt(figure) -> str:
    return figure.locator(".prompt.is-shown").inner_text()


@pytest.mark.parametrize("name", VIEWS)
def test_turning_ends_with_the_picture_as_the_view_shows_it(visit, name):
    figure = panel(visit, f"turn-{name}")
    rest = figure.locator(".turn-rest")
    assert (squares_of(rest, SIZE) == scene()).all()
    assert PROMPTS[0] in shown_prompt(figure)
    set_slider(figure, "View", 100)
    turned = squares_of(rest, SIZE)
    # Chromium rounds an inverted colour as it likes.
    assert np.abs(turned.astype(int) - VIEWS[name].apply(scene())).max() <= 1
    assert PROMPTS[1] in shown_prompt(figure)


@pytest.mark.parametrize("name", ["flip", "skew"])
def test_the_button_moves_the_picture_there_by_way_of_the_middle(visit, name):
    figure = panel(visit, f"turn-{name}")
    rest = figure.locator(".turn-rest")
    clock = visit.page.clock
    clock.install(time=0)
    clock.pause_at(1000)
    figure.get_by_role("button", name="Change the view").press("Enter")
    clock.run_for(300)
    figure.get_by_role("button", name="Pause").press("Enter")
    stopped = pixels_of(rest)
    clock.run_for(300)
    assert (pixels_of(rest) == stopped).all()
    value = int(figure.get_by_role("slider", name="View").input_value())
    assert 0 < value < 100


def test_readers_who_prefer_stillness_get_the_other_end_at_once(browser, report):
    visit = Visit(browser, report)
    visit.page.emulate_media(reduced_motion="reduce")
    figure = panel(visit, "turn-flip")
    figure.get_by_role("button", name="Change the view").click()
    assert figure.get_by_role("slider", name="View").input_value() == "100"


def test_walking_away_makes_the_picture_small_and_blurs_its_twin(visit):
    figure = panel(visit, "distance")
    walked, blurred = figure.locator(".distance-field img").all()
    sharp = np.abs(np.diff(pixels_of(blurred).astype(int), axis=1)).max()
    set_slider(figure, "Distance", 100)
    assert walked.bounding_box()["width"] == 40
    assert np.abs(np.diff(pixels_of(blurred).astype(int), axis=1)).max() < sharp / 2
    assert PROMPTS[1] in shown_prompt(figure)


def test_wipe_goes_from_the_result_to_the_original(visit):
    figure = panel(visit, "edits")
    field = figure.locator(".wipe-field")
    set_slider(figure, "Wipe", 0)
    assert (squares_of(field, SIZE)[:, 2:] == edited(I_STARTS[0])[:, 2:]).all()
    set_slider(figure, "Wipe", 100)
    assert (squares_of(field, SIZE)[:, :-2] == scene()[:, :-2]).all()
    set_slider(figure, "Wipe", 50)
    seen = squares_of(field, SIZE)
    assert (seen[:, :30] == scene()[:, :30]).all()
    assert (seen[:, 34:] == edited(I_STARTS[0])[:, 34:]).all()


def test_i_start_has_a_slider_of_its_own(visit):
    figure = panel(visit, "edits")
    set_slider(figure, "Wipe", 0)
    for index, i_start in enumerate(I_STARTS):
        set_slider(figure, "i_start", index)
        seen = squares_of(figure.locator(".wipe-field"), SIZE)
        assert (seen[:, 2:] == edited(i_start)[:, 2:]).all()
        assert f"i_start {i_start}" in figure.locator(".stage").inner_text()


def test_denoising_is_gone_through_with_t_shown(visit):
    figure = panel(visit, "steps")
    canvas = figure.locator(".steps-field canvas")
    for index, (i_start, label) in enumerate(
        zip(I_STARTS, ("t = 690", "t = 90", "result"), strict=True)
    ):
        set_slider(figure, "Step", index)
        assert (squares_of(canvas, SIZE) == edited(i_start)).all()
        assert figure.locator("output").inner_text() == label


def test_checkpoints_are_gone_through_from_the_same_noise(visit):
    figure = panel(visit, "epochs")
    canvas = figure.locator(".steps-field canvas")
    seen = {}
    for index in (0, 1):
        set_slider(figure, "Step", index)
        seen[figure.locator("output").inner_text()] = np.median(pixels_of(canvas))
    assert seen == {"epoch 1": 40, "epoch 5": 200}


def test_steps_play_until_paused(visit):
    figure = panel(visit, "steps")
    figure.get_by_role("button", name="Play").click()
    visit.page.wait_for_timeout(1000)
    figure.get_by_role("button", name="Pause").click()
    stopped = figure.locator("output").inner_text()
    visit.page.wait_for_timeout(1500)
    assert figure.locator("output").inner_text() == stopped


def test_a_picture_of_a_sheet_says_what_made_it_on_focus_and_hover(visit):
    figure = panel(visit, "edits")
    cell = figure.locator("button.cell")
    cell.focus()
    assert "image/tower" in visit.page.locator(".cell-tip:visible").inner_text()
    cell.press("ArrowRight")
    said = visit.page.locator(".cell-tip:visible").inner_text()
    for words in ("i_start 1", "trajectory/edit-1", HOSTILE, "77"):
        assert words in said
    sheet = figure.locator(".sheet-box")
    box = sheet.bounding_box()
    sheet.hover(position={"x": box["width"] - 40, "y": box["height"] / 2})
    assert "trajectory/edit-20" in visit.page.locator(".cell-tip:visible").inner_text()


def test_a_picture_of_a_sheet_enlarges_to_whole_multiples(visit):
    figure = panel(visit, "edits")
    cell = figure.locator("button.cell")
    cell.focus()
    cell.press("ArrowRight")
    cell.press("Enter")
    dialog = visit.page.locator("dialog.enlarged")
    sheet_width = cell.bounding_box()["width"]
    for name in ("Smaller", "Larger"):
        dialog.get_by_role("button", name=name).click()
        canvas = dialog.locator("canvas")
        width = canvas.evaluate("canvas => canvas.width")
        assert width % SIZE == 0
        assert width % round(sheet_width) == 0
    dialog.get_by_role("button", name="Smaller").click()
    assert (squares_of(canvas, SIZE) == edited(I_STARTS[0])).all()
    visit.page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_values_of_a_loss_can_be_read(visit):
    figure = panel(visit, "loss")
    set_slider(figure, "Step", 0)
    said = figure.locator(".readout").inner_text()
    # Four steps stand together: 1,000 are more than the chart has room for.
    assert f"steps 1 to 4: loss {LOSSES[3]:.4g} to {LOSSES[0]:.4g}" in said
    assert f"smoothed {2 * LOSSES[3]:.4g}" in said


def test_loss_goes_from_log_to_linear_and_hides_what_is_not_wanted(visit):
    figure = panel(visit, "loss")
    smoothed = figure.locator("path.smoothed")
    logarithmic = smoothed.get_attribute("d")
    figure.get_by_label("log scale").uncheck()
    assert smoothed.get_attribute("d") != logarithmic
    figure.get_by_label("raw").uncheck()
    assert figure.locator("path.raw").count() == 0
    figure.get_by_label("smoothed").uncheck()
    assert smoothed.count() == 0


@pytest.mark.parametrize("page", ["index.html", "course.html"])
def test_search_finds_panels_and_leads_to_them(browser, report, page):
    visit = Visit(browser, report.with_name(page))
    visit.page.keyboard.press("/")
    visit.page.keyboard.type("figure turn-skew")
    found = visit.page.locator(".search li")
    assert found.count() == 1
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**/course.html#panel-turn-skew-panel")
    assert visit.complaints == []


def test_everything_plays_in_a_single_file_too(browser, tmp_path):
    store = Store.open(str(tmp_path / "store"))
    PlayableRun(store).record()
    visit = Visit(browser, build_report(store, tmp_path / "out", single_file=True))
    started = visit.page.locator("figure.panel[data-started]")
    for figure in visit.page.locator("figure.panel").all():
        figure.scroll_into_view_if_needed()
    visit.page.wait_for_function(
        "document.querySelectorAll('figure.panel:not([data-started])').length === 0"
    )
    rest = visit.page.locator("figure.panel").first.locator(".turn-rest")
    assert (squares_of(rest, SIZE) == scene()).all()
    assert started.count() == len(PlayableRun.figures)
    assert visit.complaints == []


@pytest.mark.parametrize("is_there", [True, False])
def test_a_data_file_that_is_not_of_the_panel_leaves_the_still_and_says_so(
    browser, tmp_path, is_there
):
    store = Store.open(str(tmp_path / "store"))
    PlayableRun(store).record()
    page = build_report(store, tmp_path / "out").with_name("course.html")
    files = {path: path.read_bytes() for path in page.parent.glob("assets/*.js")}
    flip, loss = (
        next(path for path, data in files.items() if data.startswith(b'darkroom.play("%s"' % name))
        for name in (b"panel-turn-flip-panel", b"panel-loss-panel")
    )
    if is_there:
        flip.write_bytes(files[loss])
    else:
        flip.unlink()
    visit = Visit(browser, page)
    figure = panel(visit, "turn-flip")
    assert f"assets/{flip.name} is missing or damaged" in figure.get_by_role("status").inner_text()
    assert figure.locator(".frame img").is_visible()
    assert figure.get_by_role("slider").count() == 0
    assert panel(visit, "loss").get_by_role("slider", name="Step").is_visible()
    assert len(visit.complaints) == 1


def test_paper_shows_the_still_and_no_control(visit):
    figure = panel(visit, "turn-flip")
    assert not figure.locator(".frame img").is_visible()
    visit.page.emulate_media(media="print")
    assert figure.locator(".frame img").is_visible()
    assert not figure.locator(".stage").is_visible()


def test_pointing_at_the_lineage_shows_what_is_near(visit):
    box = visit.page.locator(".lineage .box").first
    box.scroll_into_view_if_needed()
    box.focus()
    near = visit.page.locator(".lineage .box.is-near").count()
    assert 1 < near < visit.page.locator(".lineage .box").count()


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_controls_stay_inside_the_page(browser, report, width, scheme):
    visit = Visit(browser, report, width=width, scheme=scheme)
    for name in PlayableRun.figures:
        panel(visit, name)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.complaints == []
