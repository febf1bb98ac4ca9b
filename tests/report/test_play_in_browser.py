"""Every control of the report, used as a reader would, in a real Chromium."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.report.build import build_report
from tasks.store.store import Store
from tests.figures.picture_steps import scene
from tests.report.browsing import Visit, pixels_of, squares_of
from tests.report.playable_run import (
    I_STARTS,
    PROMPTS,
    SIZE,
    VIEWS,
    PlayableRun,
    edited,
)
from tests.report.playing import panel, set_slider, start_every_panel, stop_the_clock

pytestmark = pytest.mark.browser

FRAME_MS = 700
"""As in static/script/steps.js."""


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
    upright = pixels_of(rest)
    clock = stop_the_clock(visit)
    figure.get_by_role("button", name="Change the view").press("Enter")
    clock.run_for(300)
    figure.get_by_role("button", name="Pause").press("Enter")
    stopped = pixels_of(rest)
    clock.run_for(300)
    assert (pixels_of(rest) == stopped).all() and (stopped != upright).any()
    value = int(figure.get_by_role("slider", name="View").input_value())
    assert 0 < value < 100
    figure.get_by_role("button", name="Change the view").press("Enter")
    clock.run_for(1500)
    turned = squares_of(rest, SIZE).astype(int)
    assert np.abs(turned - VIEWS[name].apply(scene())).max() <= 1


def test_readers_who_prefer_stillness_get_the_other_end_at_once(browser, playable_page):
    visit = Visit(browser, playable_page, until="load")
    visit.page.emulate_media(reduced_motion="reduce")
    figure = panel(visit, "turn-flip")
    figure.get_by_role("button", name="Change the view").click()
    assert figure.get_by_role("slider", name="View").input_value() == "100"


def sharpness(locator) -> int:
    """The largest step between neighbouring pixels of a row."""
    return int(np.abs(np.diff(pixels_of(locator).astype(int), axis=1)).max())


def test_walking_away_makes_the_picture_small_and_blurs_its_twin(visit):
    figure = panel(visit, "distance")
    walked, blurred = figure.locator(".distance-field img").all()
    sharp = sharpness(blurred)
    set_slider(figure, "Distance", 100)
    assert walked.bounding_box()["width"] == 40
    assert sharpness(blurred) < sharp / 2
    assert PROMPTS[1] in shown_prompt(figure)


def test_a_window_made_narrower_shows_the_whole_picture(visit):
    figure = panel(visit, "distance")
    visit.page.set_viewport_size({"width": 300, "height": 900})
    for image in figure.locator(".distance-field img").all():
        inside, around = image.bounding_box(), figure.locator(".media").bounding_box()
        assert inside["width"] == inside["height"]
        assert inside["x"] >= around["x"]
        assert inside["x"] + inside["width"] <= around["x"] + around["width"]


def test_buttons_walk_to_the_far_end_and_back_by_way_of_the_middle(visit):
    figure = panel(visit, "distance")
    walked, blurred = figure.locator(".distance-field img").all()
    clock = stop_the_clock(visit)

    def look():
        return walked.bounding_box()["width"], sharpness(blurred)

    near = look()
    for button, end, prompt in (("Walk away", 40, PROMPTS[1]), ("Walk up", near[0], PROMPTS[0])):
        start = look()
        figure.get_by_role("button", name=button).press("Enter")
        clock.run_for(1100)
        middle = look()
        clock.run_for(1300)
        assert look()[0] == end
        assert prompt in shown_prompt(figure)
        for at in (0, 1):
            low, high = sorted((start[at], look()[at]))
            assert low < middle[at] < high
    assert look() == near
    assert figure.get_by_role("button", name="Walk away").count() == 1


def test_denoising_is_gone_through_with_t_shown(visit):
    figure = panel(visit, "steps")
    canvas = figure.locator(".steps-field canvas")
    for index, (i_start, label) in enumerate(
        zip(I_STARTS, ("t = 690", "t = 90", "result"), strict=True)
    ):
        set_slider(figure, "t", index)
        assert (squares_of(canvas, SIZE) == edited(i_start)).all()
        assert figure.locator("output").inner_text() == label


def test_checkpoints_are_gone_through_from_the_same_noise(visit):
    figure = panel(visit, "epochs")
    canvas = figure.locator(".steps-field canvas")
    seen = {}
    for index in (0, 1):
        set_slider(figure, "Checkpoint", index)
        seen[figure.locator("output").inner_text()] = np.median(pixels_of(canvas))
    assert seen == {"epoch 1": 40, "epoch 5": 200}


def test_steps_play_one_after_another_until_paused(visit):
    figure = panel(visit, "steps")
    canvas, said = figure.locator(".steps-field canvas"), figure.locator("output")
    frames = [
        (edited(i_start), label)
        for i_start, label in zip(I_STARTS, ("t = 690", "t = 90", "result"), strict=True)
    ]
    clock = stop_the_clock(visit)

    def assert_shown(number):
        picture, label = frames[number]
        assert said.inner_text() == label
        assert (squares_of(canvas, SIZE) == picture).all()

    assert_shown(2)
    figure.get_by_role("button", name="Play").press("Enter")
    for number in (0, 1, 2, 0, 1):
        assert_shown(number)
        clock.run_for(FRAME_MS - 1)
        assert_shown(number)
        clock.run_for(1)
    figure.get_by_role("button", name="Pause").press("Enter")
    clock.run_for(5 * FRAME_MS)
    assert_shown(2)
    assert figure.get_by_role("button", name="Play").count() == 1


def test_moving_the_slider_stops_the_steps(visit):
    figure = panel(visit, "steps")
    clock = stop_the_clock(visit)
    figure.get_by_role("button", name="Play").press("Enter")
    set_slider(figure, "t", 1)
    clock.run_for(5000)
    assert figure.locator("output").inner_text() == "t = 90"
    assert figure.get_by_role("button", name="Pause").count() == 0


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
    visit = Visit(browser, page, until="load")
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


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_pointing_at_the_lineage_shows_what_is_near(visit, by):
    page = visit.page
    box = page.locator(".lineage .box[aria-label*='trajectory/tower-edit-1:']")
    start_every_panel(page)
    if by == "mouse":
        box.hover()
    else:
        box.focus()
    is_shown = (
        "boxes => boxes.map(box => [box.getAttribute('aria-label'), getComputedStyle(box).opacity])"
    )
    told = dict(page.locator(".lineage .box").evaluate_all(is_shown))
    near = {label.split(": ")[1] for label, opacity in told.items() if opacity == "1"}
    assert near == {
        "prompt/tower",
        "image/tower",
        "trajectory/tower-edit-1",
        "figure/texts/panel",
    }
    assert 0 < page.locator(".lineage .arrow.is-near").count() < len(told)
    if by == "mouse":
        page.mouse.move(5, 5)
    else:
        box.blur()
    opacities = page.locator(".lineage .box").evaluate_all(is_shown)
    assert {opacity for _, opacity in opacities} == {"1"}


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_controls_stay_inside_the_page(browser, playable_page, width, scheme):
    visit = Visit(browser, playable_page, width=width, scheme=scheme, until="load")
    for name in PlayableRun.figures:
        panel(visit, name)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.complaints == []
