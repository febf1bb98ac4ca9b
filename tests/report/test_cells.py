"""The pictures of a sheet: what is said of each, going from one to the next, enlarging."""

from __future__ import annotations

import numpy as np
import pytest

from tests.report.browsing import Visit, pixels_of, squares_of
from tests.report.playable_run import (
    FIRST_FRAME,
    HOSTILE,
    I_STARTS,
    SIZE,
    STILL,
    edited,
    edited_towards,
    picture_of,
)
from tests.report.playing import panel, set_slider

pytestmark = pytest.mark.browser

MOST_CANVAS = 8192
CELL = (2 * SIZE, 2 * SIZE)
"""A picture as the sheet has it."""


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


def test_a_picture_of_a_grid_says_what_made_its_block_and_its_column(visit):
    figure = panel(visit, "epochs")
    cell = figure.locator("button.cell")
    cell.focus()
    told = visit.page.locator(".cell-tip:visible dl")
    assert told.inner_text().splitlines()[:6] == [
        "seed",
        "4242",
        "class",
        "0",
        "node",
        "sample/one",
    ]
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        cell.press(key)
    assert told.inner_text().splitlines()[2:6] == ["class", "1", "node", "sample/five"]


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


def enlarge(visit, name: str):
    """The dialog, opened at the first picture of a sheet by the keyboard."""
    panel(visit, name).locator("button.cell").press("Enter")
    return visit.page.locator("dialog.enlarged")


def size_of(dialog) -> tuple[int, int]:
    """Width and height of the canvas, in its own pixels."""
    return tuple(dialog.locator("canvas").evaluate("canvas => [canvas.width, canvas.height]"))


def test_pictures_of_a_sheet_that_moves_are_those_of_its_still(visit):
    figure = panel(visit, "moving")
    figure.locator(".links").get_by_role("button", name="Play").press("Enter")
    moving = figure.locator("img.can-play")
    visit.page.wait_for_function(
        "image => image.src.endsWith('.webp') && image.complete", arg=moving.element_handle()
    )
    assert np.median(pixels_of(moving)) in (FIRST_FRAME, 90, 140)
    set_slider(figure, "Shown", 0)
    step = pixels_of(figure.locator(".steps-field canvas"))
    assert np.median(step) == STILL
    dialog = enlarge(visit, "moving")
    for _ in range(2):
        assert (np.median(pixels_of(dialog.locator("canvas")), axis=(0, 1)) == STILL).all()
        dialog.get_by_role("button", name="Next picture").press("Enter")
    dialog.get_by_role("button", name="Whole sheet").press("Enter")
    assert np.median(pixels_of(dialog.locator("canvas"))) == STILL


def test_buttons_and_arrows_of_the_dialog_go_from_picture_to_picture(visit):
    dialog = enlarge(visit, "texts")
    canvas = dialog.locator("canvas")

    def assert_shows(picture):
        assert (squares_of(canvas, SIZE) == picture).all()

    assert_shows(picture_of("tower"))
    dialog.get_by_role("button", name="Previous picture").click()
    assert_shows(edited_towards("lake", I_STARTS[-1]))
    dialog.get_by_role("button", name="Next picture").click()
    assert_shows(picture_of("tower"))
    for key, picture in (
        ("ArrowDown", picture_of("lake")),
        ("ArrowRight", edited_towards("lake", I_STARTS[0])),
        ("ArrowUp", edited_towards("tower", I_STARTS[0])),
        ("ArrowLeft", picture_of("tower")),
        ("ArrowLeft", picture_of("tower")),
    ):
        visit.page.keyboard.press(key)
        assert_shows(picture)
    visit.page.keyboard.press("ArrowRight")
    said = dialog.locator(".enlarged-facts").inner_text()
    assert "trajectory/tower-edit-1" in said and "a rocket ship; at night" in said
    dialog.get_by_role("button", name="Close").click()
    assert not dialog.is_visible()
    cell = visit.page.locator("#panel-texts-panel button.cell")
    assert "i_start 1," in cell.get_attribute("aria-label")


def test_a_click_beside_the_dialog_closes_it_and_one_inside_does_not(visit):
    dialog = enlarge(visit, "texts")
    dialog.locator("canvas").click()
    dialog.locator(".enlarged-facts").click()
    assert dialog.is_visible()
    visit.page.mouse.click(10, 10)
    assert not dialog.is_visible()


@pytest.mark.parametrize("size", [(1440, 900), (360, 700)])
def test_the_whole_sheet_is_enlarged_as_far_as_there_is_room(visit, size):
    visit.page.set_viewport_size({"width": size[0], "height": size[1]})
    sheet = panel(visit, "texts").locator(".frame img")
    own = sheet.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    dialog = enlarge(visit, "texts")
    at_first = size_of(dialog)
    for _ in range(5):
        dialog.get_by_role("button", name="Larger").press("Enter")
    dialog.get_by_role("button", name="Whole sheet").press("Enter")
    shown = size_of(dialog)
    scale = shown[0] // own[0]
    assert shown == (own[0] * scale, own[1] * scale)
    is_too_large = [
        own[0] * (scale + 1) > size[0] * 0.85,
        own[1] * (scale + 1) > size[1] * 0.7,
    ]
    assert any(is_too_large)
    assert scale == 1 or (shown[0] <= size[0] and shown[1] <= size[1])
    dialog.get_by_role("button", name="Next picture").press("Enter")
    assert size_of(dialog) == at_first


def test_nothing_is_enlarged_beyond_what_a_canvas_holds(visit):
    dialog = enlarge(visit, "texts")
    dialog.get_by_role("button", name="Whole sheet").press("Enter")
    sheet = visit.page.locator("#panel-texts-panel .frame img")
    own = sheet.evaluate("image => image.naturalWidth")
    for _ in range(16):
        dialog.get_by_role("button", name="Larger").press("Enter")
    assert size_of(dialog)[0] == MOST_CANVAS // own * own < 16 * own


def test_arrows_scroll_an_enlarged_picture_that_overflows(visit):
    dialog = enlarge(visit, "texts")
    field = dialog.get_by_role("group", name="Picture")
    name = dialog.locator("canvas").get_attribute("aria-label")
    for _ in range(16):
        dialog.get_by_role("button", name="Larger").press("Enter")
    for key, side in (("ArrowRight", "scrollLeft"), ("ArrowDown", "scrollTop")):
        field.press(key)
        visit.page.wait_for_function(
            "([field, side]) => field[side] > 0", arg=[field.element_handle(), side]
        )
    assert dialog.locator("canvas").get_attribute("aria-label") == name
    dialog.get_by_role("button", name="Larger").press("ArrowRight")
    assert "i_start 1," in dialog.locator("canvas").get_attribute("aria-label")
    for _ in range(16):
        dialog.get_by_role("button", name="Smaller").press("Enter")
    assert size_of(dialog) == CELL
    field.press("ArrowLeft")
    assert dialog.locator("canvas").get_attribute("aria-label") == name


def test_an_arrow_with_another_key_is_left_to_the_browser(visit):
    cell = panel(visit, "texts").locator("button.cell")
    name = cell.get_attribute("aria-label")
    visit.page.evaluate(
        "addEventListener('keydown', (event) => { window.wasTaken = event.defaultPrevented; })"
    )
    for keys, is_taken in (("Control+ArrowRight", False), ("ArrowRight", True)):
        cell.press(keys)
        assert visit.page.evaluate("wasTaken") == is_taken
        assert (cell.get_attribute("aria-label") == name) != is_taken


IS_IN_VIEW = """(element) => {
  const { left, top, right, bottom } = element.getBoundingClientRect();
  const frame = element.closest(".frame")?.getBoundingClientRect();
  const bar = element.closest(".frame") ? document.querySelector(".bar").offsetHeight : 0;
  return left >= Math.max(0, frame?.left ?? 0) - 1 && top >= bar - 1
    && right <= Math.min(innerWidth, frame?.right ?? innerWidth) + 1 && bottom <= innerHeight + 1;
}"""


@pytest.mark.parametrize("height", [900, 420])
def test_the_picture_gone_to_by_keyboard_and_its_facts_are_in_view(browser, playable_page, height):
    visit = Visit(browser, playable_page, width=360, until="load")
    visit.page.set_viewport_size({"width": 360, "height": height})
    figure = panel(visit, "texts")
    frame = figure.locator(".frame")
    assert frame.evaluate("frame => frame.scrollWidth > frame.clientWidth")
    cell, tip = figure.locator("button.cell"), visit.page.locator(".cell-tip:visible")
    cell.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown", *["ArrowLeft"] * 3):
        visit.page.keyboard.press(key)
        assert cell.evaluate(IS_IN_VIEW), key
        assert tip.evaluate(IS_IN_VIEW), key
    visit.page.keyboard.press("Enter")
    for _ in range(3):
        visit.page.keyboard.press("ArrowRight")
    visit.page.keyboard.press("Escape")
    assert "i_start 20," in cell.get_attribute("aria-label")
    assert cell.evaluate(IS_IN_VIEW)


def test_pointing_at_a_picture_scrolls_nothing(browser, playable_page):
    visit = Visit(browser, playable_page, width=360, until="load")
    figure = panel(visit, "texts")
    frame = figure.locator(".frame")
    frame.evaluate("frame => { frame.scrollLeft = 60; }")
    # The lower row is cut off by the window.
    visit.page.evaluate("top => scrollBy(0, top - innerHeight)", frame.bounding_box()["y"] + 150)
    box = frame.bounding_box()
    where = "frame => [frame.scrollLeft, scrollY]"
    before = frame.evaluate(where)
    said = set()
    for x in range(20, 320, 40):
        for down in (60, 140):
            visit.page.mouse.move(box["x"] + x, box["y"] + down)
            said.add(figure.locator("button.cell").get_attribute("aria-label"))
    assert len(said) > 2
    assert frame.evaluate(where) == before
