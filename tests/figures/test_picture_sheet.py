from __future__ import annotations

import numpy as np
import pytest

from tasks.figures.picture_sheet import Picture, draw_pictures
from tasks.figures.picture_sizes import BESIDE_CAPTION, SMALLEST, WHOLE_PAGE, cell_size
from tasks.figures.style import CHOSEN, SHEET_GROUND
from tests.figures.picture_steps import scene

PROMPT = "an oil painting of a snowy mountain village in the light of the evening " * 3
SHOUT = "W" * 200


def edge(image) -> np.ndarray:
    pixels = np.asarray(image)
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def cut_out(sheet, place) -> np.ndarray:
    pixels = np.asarray(sheet.image)
    return pixels[place.top : place.top + place.height, place.left : place.left + place.width]


def has_ink(pixels: np.ndarray) -> bool:
    return bool((pixels != SHEET_GROUND).any())


def test_each_picture_is_at_its_place_enlarged_a_whole_number_of_times():
    pictures = [[Picture(scene(shade=10 * (3 * row + i))) for i in range(3)] for row in range(2)]
    sheet = draw_pictures(pictures, ["a", "b"], ["0", "1", "2"])
    assert [(place.row, place.column) for place in sheet.places] == [
        (row, column) for row in range(2) for column in range(3)
    ]
    for place in sheet.places:
        factor = place.width // 64
        enlarged = place.picture.pixels.repeat(factor, 0).repeat(factor, 1)
        assert (cut_out(sheet, place) == enlarged).all()


@pytest.mark.parametrize("label", [PROMPT, SHOUT, "a \N{PANDA FACE} " * 20])
def test_long_labels_are_never_cut_and_never_drawn_over_pictures(label):
    rows = [[Picture(scene(), label), Picture(scene())], [None, Picture(scene(), is_chosen=True)]]
    sheet = draw_pictures(rows, [label, "b"], [label, ""])
    assert (edge(sheet.image) == SHEET_GROUND).all()
    for place in sheet.places:
        factor = place.width // 64
        expected = place.picture.pixels.repeat(factor, 0).repeat(factor, 1)
        assert (cut_out(sheet, place) == expected).all()


def test_rows_make_room_for_what_stands_under_their_pictures():
    sheet = draw_pictures([[Picture(scene(), PROMPT)], [Picture(scene())]])
    first, second = sheet.places
    between = np.asarray(sheet.image)[first.top + first.height : second.top]
    inked = np.flatnonzero((between != SHEET_GROUND).any(axis=(1, 2)))
    assert len(between) > 100
    assert inked.max() < len(between) - 4


def test_chosen_picture_is_outlined_and_says_so():
    sheet = draw_pictures([[Picture(scene()), Picture(scene(), "try 2", is_chosen=True)]])
    pixels = np.asarray(sheet.image)
    plain, chosen = sheet.places
    for place, is_outlined in ((plain, False), (chosen, True)):
        above = pixels[place.top - 2, place.left : place.left + place.width]
        assert (above == CHOSEN).all() == is_outlined
    below = pixels[chosen.top + chosen.height + 6 :, chosen.left : chosen.left + chosen.width]
    assert (below == CHOSEN).all(axis=2).any()
    assert [cell["chosen"] for cell in sheet.cells()[0]["pictures"]] == [False, True]


def test_outline_may_come_without_a_word():
    with_word, without = (
        draw_pictures([[Picture(scene(), is_chosen=True, chosen_word=word)]])
        for word in ("chosen", "")
    )
    assert without.image.height < with_word.image.height


def test_pictures_of_two_sizes_are_drawn_equally_large():
    large = scene(256)
    sheet = draw_pictures([[Picture(scene()), Picture(large)]])
    small, whole = sheet.places
    assert small.width == whole.width == 256
    assert (cut_out(sheet, whole) == large).all()


def test_width_of_a_picture_may_be_given():
    sheet = draw_pictures([[Picture(scene(), width=180), Picture(scene(), "far", width=60)]])
    near, far = sheet.places
    assert (near.width, far.width) == (180, 60)
    assert near.top + near.height / 2 == far.top + far.height / 2


@pytest.mark.parametrize("columns", range(1, 21))
def test_sheets_fit_the_page_and_stay_beside_their_caption_where_pictures_stay_large(columns):
    size = cell_size(64, columns, label_width=100)
    total = 100 + columns * size + (columns - 1) * 8 + 28
    assert size % 64 == 0
    assert total <= WHOLE_PAGE or size == 64
    if size > SMALLEST:
        assert total <= BESIDE_CAPTION


def test_cells_say_where_pictures_lie_and_from_which_input_they_are():
    sheet = draw_pictures([[Picture(scene(), "t = 90", role="cell_4"), None]], column_labels="ab")
    (block,) = sheet.cells()
    (cell,) = block["pictures"]
    (place,) = sheet.places
    assert (cell["left"], cell["top"]) == (place.left, place.top)
    assert (cell["label"], cell["role"]) == ("t = 90", "cell_4")
    assert block["column_labels"] == ["a", "b"]


def test_larger_canvas_moves_pictures_with_their_places():
    sheet = draw_pictures([[Picture(scene())]])
    moved = sheet.on_canvas(sheet.image.width + 100, sheet.image.height + 41)
    assert (cut_out(moved, moved.places[0]) == cut_out(sheet, sheet.places[0])).all()


@pytest.mark.parametrize(
    ("rows", "labels"),
    [([], ()), ([[None]], ()), ([[Picture(scene())], []], ()), ([[Picture(scene())]], ["a", "b"])],
)
def test_sheets_that_make_no_sense_are_refused(rows, labels):
    with pytest.raises(ValueError):
        draw_pictures(rows, labels)
