"""Any picture becomes upright 8-bit RGB, or one clear message."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tasks import BadInput
from tasks.data.load_image import FORMATS, load_image
from tests.images.hostile import UNUSABLE, encoded, gradient, write

NAME = "images.tower: photo.png"


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(load_image(data, NAME)).astype(int)


@pytest.mark.parametrize("case", UNUSABLE)
def test_unusable_files_are_refused_with_one_line_that_names_them(case):
    data, what = UNUSABLE[case]
    with warnings.catch_warnings(), pytest.raises(BadInput) as refusal:
        warnings.simplefilter("error")
        load_image(data, NAME)
    message = str(refusal.value)
    assert message.startswith(NAME)
    assert what in message
    assert "\n" not in message


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_keep_every_pixel(file_format):
    assert np.array_equal(pixels(encoded(gradient(), file_format)), np.asarray(gradient()))


@pytest.mark.parametrize("file_format", ["JPEG", "WEBP", "GIF"])
def test_lossy_formats_keep_the_picture(file_format):
    found = pixels(encoded(gradient(), file_format))
    assert np.abs(found - np.asarray(gradient())).mean() < 12


def test_a_path_is_read_like_its_bytes(tmp_path):
    path = write(tmp_path, "picture.png", encoded(gradient()))
    assert load_image(path, NAME).tobytes() == gradient().tobytes()


def test_cmyk_keeps_its_colours():
    cmyk = Image.new("CMYK", (40, 40), (0, 255, 255, 0))
    assert np.abs(pixels(encoded(cmyk, "JPEG", quality=95)) - [255, 0, 0]).max() < 12


@pytest.mark.parametrize("value, expected", [(0, 0), (65535, 255), (32896, 128), (257, 1)])
def test_sixteen_bit_grey_is_scaled_not_clipped(value, expected):
    grey = Image.fromarray(np.full((40, 40), value, dtype=np.uint16))
    for file_format in ("PNG", "TIFF"):
        assert (pixels(encoded(grey, file_format)) == expected).all()


@pytest.mark.parametrize("top", [1, 255])
def test_float_levels_are_read_by_their_range(top):
    levels = np.tile(np.linspace(0, top, 40, dtype=np.float32), (40, 1))
    found = pixels(encoded(Image.fromarray(levels), "TIFF"))
    assert found[0, 0].tolist() == [0] * 3
    assert found[0, -1].tolist() == [255] * 3


def test_transparent_parts_are_white():
    for mode, file_format in (("RGBA", "PNG"), ("LA", "PNG"), ("RGBA", "WEBP")):
        clear = Image.new(mode, (40, 40), 0)
        assert (pixels(encoded(clear, file_format)) == 255).all()


def test_half_transparent_red_is_pink():
    half = Image.new("RGBA", (40, 40), (255, 0, 0, 128))
    assert np.abs(pixels(encoded(half)) - [255, 127, 127]).max() <= 1


def test_the_transparent_colour_of_a_palette_is_white():
    palette = Image.new("P", (40, 40), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    assert (pixels(encoded(palette, transparency=1)) == 255).all()
    assert (pixels(encoded(palette)) == [10, 20, 30]).all()


def test_one_bit_pictures_are_black_and_white():
    assert (pixels(encoded(Image.new("1", (40, 40), 1))) == 255).all()


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_taken(file_format):
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    options = {"lossless": True} if file_format == "WEBP" else {}
    data = encoded(frames[0], file_format, save_all=True, append_images=frames[1:], **options)
    assert (pixels(data) == [255, 0, 0]).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    upright = np.zeros((60, 40, 3), dtype=np.uint8)
    upright[:20, :13] = 255  # Only the upper left is white.
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, 3),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(undo[orientation](upright)))
    assert np.array_equal(pixels(encoded(stored, exif=exif.tobytes())), upright)


def test_twenty_thousand_pixels_wide_is_read():
    wide = Image.new("RGB", (20_000, 90), "teal")
    assert load_image(encoded(wide), NAME).size == (20_000, 90)


def test_one_pixel_is_read():
    assert load_image(encoded(Image.new("RGB", (1, 1))), NAME).size == (1, 1)


def test_no_decoder_that_starts_a_program_is_tried():
    assert not {"EPS", "WMF", "FITS", "MPEG"} & set(FORMATS)


SOUND = {name: encoded(gradient(48, 40), name) for name in ("PNG", "JPEG", "GIF", "TIFF", "BMP")}


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(SOUND)),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=12),
    st.floats(0.05, 1),
)
def test_damaged_files_are_read_or_refused_and_nothing_else(name, changes, kept):
    data = bytearray(SOUND[name])
    for where, value in changes:
        data[int(where * len(data))] = value
    try:
        image = load_image(bytes(data[: int(kept * len(data))]), NAME)
    except BadInput as error:
        assert str(error).startswith(NAME)
    else:
        assert image.mode == "RGB"
