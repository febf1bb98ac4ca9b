from __future__ import annotations

import numpy as np
import pytest

from tasks.figures.motion_data import motion_data
from tasks.figures.turning import PixelView
from tests.figures.picture_steps import scene

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
