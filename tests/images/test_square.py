"""The square that is cut out, and what models see of it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tasks import BadInput
from tasks.data.square import IMAGE_SIZE, cut_square, model_image, square_box, to_png
from tests.images.hostile import gradient

WHOLE = {"center": [0.5, 0.5], "side": 1.0}


@given(
    st.integers(1, 20_000),
    st.integers(1, 20_000),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0.01, 1),
)
def test_the_square_lies_inside_the_picture(width, height, x, y, share):
    left, top, side = square_box(width, height, {"center": [x, y], "side": share})
    assert 1 <= side <= min(width, height)
    assert 0 <= left <= width - side
    assert 0 <= top <= height - side


def test_without_a_crop_it_is_the_middle_of_the_shorter_side():
    assert square_box(300, 100, WHOLE) == (100, 0, 100)
    assert square_box(100, 300, WHOLE) == (0, 100, 100)


def test_the_crop_moves_and_shrinks_it():
    assert square_box(400, 200, {"center": [0.25, 0.5], "side": 0.5}) == (50, 50, 100)
    assert square_box(400, 200, {"center": [1.0, 0.0], "side": 0.5}) == (300, 0, 100)


def test_cut_squares_show_the_named_part():
    picture = Image.new("RGB", (400, 200), "red")
    picture.paste("blue", (200, 0, 400, 200))
    right = cut_square(picture, {"center": [1.0, 0.5], "side": 1.0}, "x")
    assert right.size == (IMAGE_SIZE, IMAGE_SIZE)
    assert (np.asarray(right) == [0, 0, 255]).all()


@pytest.mark.parametrize("size", [(1, 1), (31, 500), (500, 31)])
def test_pictures_too_small_to_show_anything_are_refused(size):
    with pytest.raises(BadInput, match=rf"x is {size[0]}x{size[1]} pixels; expected at least 32"):
        cut_square(Image.new("RGB", size), WHOLE, "x")


def test_crops_that_keep_too_little_are_refused():
    with pytest.raises(BadInput, match="crop keeps 10x10 of it"):
        cut_square(Image.new("RGB", (100, 100)), {"center": [0.5, 0.5], "side": 0.1}, "x")


def test_a_panorama_is_cut_and_enlarged():
    wide = Image.new("RGB", (20_000, 40), "teal")
    assert cut_square(wide, WHOLE, "x").getpixel((128, 128)) == (0, 128, 128)


def test_png_files_carry_pixels_and_nothing_else():
    picture = gradient(64, 64)
    picture.info["comment"] = "made at noon"
    data = to_png(picture)
    assert data == to_png(gradient(64, 64))
    with Image.open(io.BytesIO(data)) as read:
        assert read.tobytes() == picture.tobytes()
        assert not read.info


def test_models_see_channels_first_in_minus_one_to_one():
    picture = Image.new("RGB", (IMAGE_SIZE, IMAGE_SIZE), (255, 0, 51))
    found = model_image(to_png(picture), 64)
    assert found.shape == (3, 64, 64)
    assert found.dtype == np.float32
    assert found[:, 5, 7].tolist() == pytest.approx([1, -1, -0.6], abs=1e-6)


def test_a_picture_of_the_models_own_size_is_not_resampled():
    picture = gradient(64, 64)
    found = model_image(to_png(picture), 64)
    expected = np.asarray(picture, dtype=np.float32).transpose(2, 0, 1) / 127.5 - 1
    assert np.abs(found - expected).max() < 1e-6


def test_resampling_keeps_left_and_right():
    found = model_image(to_png(gradient(256, 256)), 64)
    assert found[0, 32, 60] > 0.8 > -0.8 > found[0, 32, 3]
    assert found[1, 60, 32] > 0.8 > -0.8 > found[1, 3, 32]
