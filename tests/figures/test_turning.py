"""Views as motion: drawn frame by frame, and as data for a page to move."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import center_of_mass

from tasks.diffusion.views import REARRANGEMENTS, view_from_params
from tasks.figures.drawing.pieces import take_apart
from tasks.figures.drawing.style import SHEET_GROUND
from tasks.figures.drawing.turning import PixelView, motion_data, pixel_view, turning_frames
from tests.figures.picture_steps import scene

FACTOR = 2


def frames(name: str, progress, picture=None, **params) -> list[np.ndarray]:
    picture = scene() if picture is None else picture
    view = pixel_view({"name": name, **params}, len(picture))
    return [np.asarray(each) for each in turning_frames(picture, view, FACTOR, progress)]


def at_rest(frame: np.ndarray, size: int = 64 * FACTOR) -> np.ndarray:
    margin = (len(frame) - size) // 2
    return frame[margin : margin + size, margin : margin + size]


@pytest.mark.parametrize("name", REARRANGEMENTS)
@pytest.mark.parametrize("size", [64, 128])
def test_pixels_go_where_the_engine_sends_them(name, size):
    picture = scene(size)
    seen = pixel_view({"name": name}, size).apply(picture)
    tensor = torch.from_numpy(picture.copy()).permute(2, 0, 1).double() - 127.5
    expected = view_from_params({"name": name}, size).apply(tensor) + 127.5
    assert (seen == expected.permute(1, 2, 0).numpy()).all()


@pytest.mark.parametrize("name", REARRANGEMENTS)
def test_motion_begins_with_the_picture_and_ends_with_the_view(name):
    first, *_, last = frames(name, [0.0, 0.5, 1.0])
    view = pixel_view({"name": name}, 64)
    assert (at_rest(first) == scene().repeat(FACTOR, 0).repeat(FACTOR, 1)).all()
    assert (at_rest(last) == view.apply(scene()).repeat(FACTOR, 0).repeat(FACTOR, 1)).all()


@pytest.mark.parametrize("name", [name for name in REARRANGEMENTS if name != "identity"])
def test_motion_is_continuous_at_both_ends(name):
    start, soon, nearly, end = frames(name, [0.0, 0.002, 0.998, 1.0])
    for rest, moving in ((start, soon), (end, nearly)):
        assert np.abs(rest.astype(int) - moving).mean() < 8


def disc_angle(frame: np.ndarray) -> float:
    """Direction of the yellow disc from the middle, clockwise from above, in degrees."""
    colours = frame.astype(int)
    is_disc = (colours[..., 0] > 230) & (colours[..., 1] > 190) & (colours[..., 2] < 110)
    y, x = np.array(center_of_mass(is_disc)) - (len(frame) - 1) / 2
    return float(np.degrees(np.arctan2(x, -y)))


@pytest.mark.parametrize(
    ("name", "whole"), [("rotate_90_cw", 90), ("rotate_90_ccw", -90), ("rotate_180", 180)]
)
@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_rotation_turns_by_its_share_of_the_angle(name, whole, share):
    start, turned = frames(name, [0.0, share])
    turn = (disc_angle(turned) - disc_angle(start) - whole * share + 180) % 360 - 180
    assert abs(turn) < 2


def test_turning_picture_never_leaves_the_frame():
    halfway = frames("rotate_90_cw", [0.5], np.full((64, 64, 3), 255, dtype=np.uint8))[0]
    area = (halfway > 128).all(axis=2).sum()
    assert area == pytest.approx((64 * FACTOR) ** 2, rel=0.02)


def test_flip_squashes_through_the_horizontal_axis():
    third, halfway = frames("flip", [1 / 3, 0.5])
    heights = [(frame != SHEET_GROUND).any(axis=(1, 2)).sum() for frame in (third, halfway)]
    assert heights == [32 * FACTOR, 1]


def test_negation_passes_through_grey():
    quarter, halfway = frames("negate", [0.25, 0.5])
    assert np.abs(halfway.astype(int) - 127.5).max() <= 1
    assert quarter.std() == pytest.approx(frames("negate", [0.0])[0].std() / 2, rel=0.02)


def test_skewed_columns_slide_evenly_and_come_back_at_the_other_end():
    picture = np.zeros((64, 64, 3), dtype=np.uint8)
    picture[10] = 255
    halfway = frames("skew", [0.5], picture, max_displacement=48)[0]
    rows = halfway[:, :, 0].argmax(axis=0)[::FACTOR] / FACTOR
    expected = (10 + np.linspace(-24, 24, 64)) % 64
    distance = np.abs(rows - expected)
    assert np.minimum(distance, 64 - distance).max() <= 1


def test_patches_move_whole_and_straight():
    view = pixel_view({"name": "patch_permutation", "patches": 4, "seed": 1}, 64)
    pieces = take_apart(view.source)
    assert not pieces.pieces
    shifts = pieces.displacement.reshape(4, 16, 4, 16, 2).transpose(0, 2, 1, 3, 4)
    assert (shifts == shifts[:, :, :1, :1]).all()
    # Halfway, a patch alone on its ground is still a square.
    picture = np.full((64, 64, 3), SHEET_GROUND, dtype=np.uint8)
    picture[16:32, 48:64] = 255
    (halfway,) = turning_frames(picture, view, FACTOR, [0.5])
    bright = np.argwhere((np.asarray(halfway) == 255).all(axis=2))
    assert len(bright) == 0 or (np.ptp(bright, axis=0) == 16 * FACTOR - 1).all()


@pytest.mark.parametrize(
    ("params", "turned"),
    [({"name": "inner_circle"}, 1), ({"name": "square_hinge", "squares": 2}, 4)],
)
def test_what_turns_in_its_place_is_found_as_pieces_that_turn(params, turned):
    pieces = take_apart(pixel_view(params, 64).source).pieces
    assert len(pieces) == turned
    assert all(abs(piece.quarter_turns) == 1 for piece in pieces)
    assert all((piece.start == piece.end).all() for piece in pieces)


@pytest.mark.parametrize("name", REARRANGEMENTS)
def test_every_pixel_is_drawn_where_it_arrives(name):
    """Pieces nearly at the end of their way cover the view, but for the edges of turned ones."""
    picture = np.full((64, 64, 3), 255, dtype=np.uint8)
    (frame,) = frames(name, [0.9999], picture)
    if name != "negate":
        assert (at_rest(frame) > 128).mean() > 0.97


def test_view_of_another_size_is_refused():
    with pytest.raises(ValueError, match="a view of"):
        PixelView(np.arange(16).reshape(4, 4), False).apply(scene())


SIZE = 64
INDICES = np.arange(SIZE * SIZE).reshape(SIZE, SIZE)


def quarters_exchanged() -> np.ndarray:
    """The four quarters in another order, one of them turned."""
    half = SIZE // 2
    a, b = INDICES[:half, :half], INDICES[:half, half:]
    c, d = INDICES[half:, :half], INDICES[half:, half:]
    return np.block([[d, np.rot90(a, -1)], [b, c]])


def shuffled() -> np.ndarray:
    return np.random.default_rng(0).permutation(INDICES.reshape(-1)).reshape(SIZE, SIZE)


def at_the_end(picture: np.ndarray, motion: dict) -> np.ndarray:
    """What a page shows when everything has arrived."""
    seen = np.zeros_like(picture)
    straight = np.array(motion["straight"], dtype=int).reshape(-1, 6)
    for x, y, width, height, across, down in straight:
        seen[y + down : y + down + height, x + across : x + across + width] = picture[
            y : y + height, x : x + width
        ]
    for piece in motion["turning"]:
        body = np.full(picture.shape, -1)
        for x, y, width, height in np.array(piece["rectangles"]).reshape(-1, 4):
            body[y : y + height, x : x + width] = picture[y : y + height, x : x + width]
        for y, x in np.argwhere(body[..., 0] >= 0):
            place = np.array([x, y]) - (SIZE - 1) / 2 - piece["start"]
            for _ in range(piece["turns"] % 4):
                place = np.array([-place[1], place[0]])
            to_x, to_y = np.round(place + piece["end"] + (SIZE - 1) / 2).astype(int)
            seen[to_y, to_x] = picture[y, x]
    return seen


@pytest.mark.parametrize(
    "source",
    [INDICES, np.rot90(INDICES), quarters_exchanged(), shuffled()],
    ids=["still", "turned", "quarters", "shuffled"],
)
def test_pieces_arrive_where_the_view_has_them(source):
    view = PixelView(np.asarray(source), is_negative=False)
    assert (at_the_end(scene(), motion_data(view)) == view.apply(scene())).all()


@pytest.mark.parametrize("axis", [0, 1])
def test_a_mirror_image_is_known_by_its_axis(axis):
    motion = motion_data(PixelView(np.flip(INDICES, axis), is_negative=True))
    assert motion == {"size": SIZE, "negative": True, "mirror": axis}


def test_rolled_columns_are_known_by_their_shifts():
    shifts = np.round(np.linspace(-10, 10, SIZE)).astype(int)
    source = INDICES[(np.arange(SIZE)[:, None] - shifts) % SIZE, np.arange(SIZE)]
    assert motion_data(PixelView(source, is_negative=False))["shifts"] == shifts.tolist()
