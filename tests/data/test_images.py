"""Any picture becomes upright 8-bit RGB, then the square that models see, or one clear message."""

from __future__ import annotations

import hashlib
import io
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tasks import BadInput
from tasks.data.images import (
    FORMATS,
    IMAGE_SIZE,
    cut_square,
    load_image,
    model_image,
    square_box,
    to_png,
)
from tasks.running.kinds import Surroundings, check_before_making
from tests.data.hostile import UNUSABLE, encoded, gradient

NAME = "images.tower: photo.png"
WHOLE = {"center": [0.5, 0.5], "side": 1.0}


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


@pytest.fixture
def file_of(tmp_path):
    """Writes bytes to a file; gives the parameters and image_files of its node."""

    def write(data, name="photo.png", crop=WHOLE):
        (tmp_path / name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        image_files = {digest: {"image": name.partition(".")[0], "file": name}}
        return {"sha256": digest, "crop": crop}, image_files

    return write


def picture_of(workshop, row) -> Image.Image:
    return Image.open(io.BytesIO(workshop.store.read_object(row.objects["image.png"])))


def test_a_photograph_becomes_a_square_png(workshop, tmp_path, file_of):
    params, image_files = file_of(encoded(gradient(600, 400), "JPEG", quality=95), "photo.jpg")
    row = workshop.run("image", params, project_root=tmp_path, image_files=image_files)
    picture = picture_of(workshop, row)
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (256, 256))
    expected = np.asarray(gradient(600, 400).crop((100, 0, 500, 400)).resize((256, 256)))
    assert np.abs(np.asarray(picture).astype(int) - expected).mean() < 3
    assert row.info["width"] == row.info["height"] == 256
    assert (row.info["original_width"], row.info["original_height"]) == (600, 400)


def test_the_crop_is_applied(workshop, tmp_path, file_of):
    halves = Image.new("RGB", (400, 200), "red")
    halves.paste("blue", (200, 0, 400, 200))
    params, image_files = file_of(encoded(halves), crop={"center": [1.0, 0.5], "side": 0.5})
    row = workshop.run("image", params, project_root=tmp_path, image_files=image_files)
    assert (np.asarray(picture_of(workshop, row)) == [0, 0, 255]).all()


def test_a_file_that_changed_after_the_plan_is_refused(workshop, tmp_path, file_of):
    params, image_files = file_of(encoded(gradient()))
    (tmp_path / "photo.png").write_bytes(encoded(gradient(80, 80)))
    with pytest.raises(BadInput, match=r"images\.photo: photo\.png has changed since"):
        workshop.run("image", params, project_root=tmp_path, image_files=image_files)


def test_a_digest_that_no_file_of_the_run_has_is_refused(workshop, tmp_path, file_of):
    params, _ = file_of(encoded(gradient()))
    with pytest.raises(BadInput, match="one has changed since the run was planned; run again"):
        workshop.run("image", params, project_root=tmp_path)


def test_preflight_names_every_picture_that_cannot_be_used(tmp_path, file_of):
    nodes, image_files = [], {}
    for index, (data, _) in enumerate(UNUSABLE.values()):
        params, files = file_of(data, f"picture_{index}.png")
        nodes.append(("image", params))
        image_files |= files
    params, files = file_of(encoded(gradient()), "sound.png")
    nodes.append(("image", params))
    surroundings = Surroundings("cpu", tmp_path, image_files=image_files | files)
    with pytest.raises(BadInput) as refusal:
        check_before_making(nodes, surroundings)
    lines = str(refusal.value).splitlines()
    assert len(lines) == len(UNUSABLE)
    for index, (line, (_, what)) in enumerate(zip(lines, UNUSABLE.values(), strict=True)):
        assert line.startswith(f"images.picture_{index}: picture_{index}.png ")
        assert what in line


def test_preflight_refuses_a_picture_that_is_too_small(tmp_path, file_of):
    params, image_files = file_of(encoded(Image.new("RGB", (1, 1))))
    with pytest.raises(BadInput, match="is 1x1 pixels; expected at least 32x32"):
        check_before_making(
            [("image", params)], Surroundings("cpu", tmp_path, image_files=image_files)
        )


def test_preflight_accepts_what_can_be_prepared(tmp_path, file_of):
    params, image_files = file_of(encoded(gradient()))
    check_before_making([("image", params)], Surroundings("cpu", tmp_path, image_files=image_files))
