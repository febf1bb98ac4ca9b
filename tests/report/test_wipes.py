"""Original and result across one another: the line between them, and what is compared."""

from __future__ import annotations

import pytest

from tests.figures.picture_steps import scene
from tests.report.browsing import squares_of
from tests.report.playable_run import (
    I_STARTS,
    LEVELS,
    SIZE,
    TEXTS,
    edited,
    edited_towards,
    picture_of,
)
from tests.report.playing import drag, panel, set_slider

pytestmark = pytest.mark.browser


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
        assert LEVELS[index] in figure.locator(".stage").inner_text()


def test_the_line_follows_the_mouse_that_drags_it(visit):
    figure = panel(visit, "edits")
    field = figure.locator(".wipe-field")
    drag(visit.page, field, 0.9, 0.5, 0.25)
    assert figure.get_by_role("slider", name="Wipe").input_value() == "25"
    box = field.bounding_box()
    visit.page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 5)
    seen = squares_of(field, SIZE)
    line = SIZE // 4
    assert (seen[:, : line - 2] == scene()[:, : line - 2]).all()
    assert (seen[:, line + 2 :] == edited(I_STARTS[0])[:, line + 2 :]).all()


def test_another_picture_of_the_sheet_can_be_chosen(visit):
    figure = panel(visit, "texts")
    field = figure.locator(".wipe-field")
    chooser = figure.get_by_label("Picture", exact=True)
    assert chooser.locator("option").all_inner_texts() == [
        f"{image}, {prompt}" for image, prompt in TEXTS.items()
    ]
    set_slider(figure, "i_start", 2)
    for image, key in (("tower", "Home"), ("lake", "End")):
        chooser.press(key)
        for wipe, picture in ((0, edited_towards(image, I_STARTS[2])), (100, picture_of(image))):
            set_slider(figure, "Wipe", wipe)
            assert (squares_of(field, SIZE)[:, 2:-2] == picture[:, 2:-2]).all()
        assert figure.locator(".side > p").inner_text() == f"{image}, {TEXTS[image]}: {LEVELS[2]}"


def test_sliders_of_edits_towards_a_text_say_the_level_alone(visit):
    figure = panel(visit, "texts")
    for index, level in enumerate(LEVELS):
        set_slider(figure, "i_start", index)
        slider = figure.get_by_role("slider", name="i_start", exact=True)
        assert slider.get_attribute("aria-valuetext") == level
        assert slider.locator("xpath=following-sibling::output").inner_text() == level
