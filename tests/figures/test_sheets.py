"""Sheets of digits and of pictures, and pictures at other sizes."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.figures.drawing.grid import SHEET_WIDTH, Block, choose_scale, draw_blocks, upscale
from tasks.figures.drawing.picture_sheet import (
    BESIDE_CAPTION,
    SMALLEST,
    WHOLE_PAGE,
    Picture,
    cell_size,
    draw_pictures,
)
from tasks.figures.drawing.pixels import area_weights, seen_at, to_pixels
from tasks.figures.drawing.style import CHOSEN, SHEET_GROUND
from tests.figures.drawing_table import numbered_images
from tests.figures.picture_steps import scene


def block(rows=2, columns=3, **labels) -> Block:
    return Block(numbered_images(rows * columns).reshape(rows, columns, 28, 28), **labels)


def test_each_image_is_at_its_cell_unchanged_but_for_its_size():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 3, 28, 28), dtype=np.uint8)
    sheet = draw_blocks([Block(images, row_labels=["a", "b"], column_labels=["0", "1", "2"])], 3)
    pixels = np.asarray(sheet.image)
    for row in range(2):
        for column in range(3):
            left, top, right, bottom = sheet.blocks[0].cell_box(row, column)
            cell = pixels[top:bottom, left:right]
            assert cell.shape == (84, 84, 3)
            assert (cell[::3, ::3, 0] == images[row, column]).all()
            assert (cell == np.repeat(np.repeat(cell[::3, ::3], 3, 0), 3, 1)).all()


def test_upscaling_makes_each_pixel_a_square_of_equal_pixels():
    image = np.array([[1, 2]], dtype=np.uint8)
    assert upscale(image, 2).tolist() == [[1, 1, 2, 2], [1, 1, 2, 2]]


def test_nothing_reaches_the_edge_of_a_sheet_even_with_long_titles_and_labels():
    sheet = draw_blocks(
        [
            block(title="A title much longer than its three small images can ever be wide"),
            block(
                row_labels=["an unusually long label of a row", "b"],
                column_labels=["sigma = 0.1", "sigma = 0.2", "a long label"],
            ),
        ],
        scale=2,
    )
    pixels = np.asarray(sheet.image)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (edge == SHEET_GROUND).all()


def test_blocks_across_have_their_first_rows_on_one_line():
    sheet = draw_blocks(
        [block(title="short"), block(title="a title that breaks into several lines of text")],
        scale=2,
        is_across=True,
    )
    assert sheet.blocks[0].top == sheet.blocks[1].top
    assert sheet.blocks[0].cell_box(1, 2)[2] < sheet.blocks[1].left
    assert sheet.blocks[1].cell_box(1, 2)[3] < sheet.image.height


def test_blocks_down_have_their_first_columns_on_one_line():
    sheet = draw_blocks([block(), block(row_labels=["epoch 1", "epoch 5"])], scale=2)
    assert sheet.blocks[0].left == sheet.blocks[1].left


@pytest.mark.parametrize("columns", [1, 5, 7, 8, 10, 16])
def test_scale_is_the_largest_integer_of_2_to_4_that_fits(columns):
    scale = choose_scale(columns)
    assert scale in (2, 3, 4)
    if scale < 4:
        assert columns * 29 * (scale + 1) + 28 > SHEET_WIDTH
    if scale > 2:
        assert columns * 29 * scale + 28 <= SHEET_WIDTH


def test_cells_say_where_the_images_are():
    sheet = draw_blocks([block(row_labels=["a", "b"])], scale=4)
    (cells,) = sheet.cells()
    left, top, *_ = sheet.blocks[0].cell_box(1, 2)
    assert cells["left"] + 2 * (cells["cell_width"] + cells["gap"]) == left
    assert cells["top"] + 1 * (cells["cell_height"] + cells["gap"]) == top


@pytest.mark.parametrize(
    "labels", [{"row_labels": ["one"]}, {"column_labels": ["1", "2", "3", "4"]}]
)
def test_labels_that_do_not_match_the_images_are_refused(labels):
    with pytest.raises(ValueError, match="labels for"):
        block(**labels)


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


def noise(size=64) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)


def test_multiple_of_the_width_gives_equal_squares():
    picture = noise(8)
    assert (seen_at(picture, 24) == picture.repeat(3, 0).repeat(3, 1)).all()


def test_half_the_width_gives_the_mean_of_each_four_pixels():
    picture = noise(8)
    mean = picture.reshape(4, 2, 4, 2, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(seen_at(picture, 4) - mean).max() <= 0.5


@pytest.mark.parametrize("width", [15, 45, 7])
def test_any_width_is_the_mean_of_the_area_covered(width):
    picture = noise(16)
    # Both widths divide the fine grid, on which means are plain.
    fine = picture.repeat(width, 0).repeat(width, 1).astype(float)
    mean = fine.reshape(width, 16, width, 16, 3).mean(axis=(1, 3))
    assert np.abs(seen_at(picture, width) - mean).max() <= 0.5 + 1e-6


@pytest.mark.parametrize(("count", "wanted"), [(64, 60), (64, 180), (5, 5), (3, 1)])
def test_weights_share_out_every_interval_once(count, wanted):
    weights = area_weights(count, wanted)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights.sum(axis=0), wanted / count)


def test_far_away_only_coarse_structure_is_left():
    assert seen_at(noise(), 8).std() < noise().std() / 4


def test_pixels_run_from_minus_one_to_one_and_what_lies_beyond_is_cut():
    image = np.array([-2.0, -1.0, 0.0, 1.0, 3.0]).reshape(1, 1, 5).repeat(3, 0)
    assert to_pixels(image)[0, :, 0].tolist() == [0, 0, 128, 255, 255]


def test_titles_of_blocks_hold_no_empty_boxes():
    images = np.zeros((1, 1, 28, 28), dtype=np.uint8)
    drawn = draw_blocks([Block(images, title="\N{PANDA FACE} \u6f22")], 4)
    spelled = draw_blocks([Block(images, title="[panda face] [U+6F22]")], 4)
    assert drawn.image.tobytes() == spelled.image.tobytes()
