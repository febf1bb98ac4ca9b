from __future__ import annotations

import numpy as np
import pytest

from tasks.figures.grid import SHEET_WIDTH, Block, choose_scale, draw_blocks, upscale
from tasks.figures.style import SHEET_GROUND
from tests.figures.drawing_table import numbered_images


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
