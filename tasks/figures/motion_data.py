"""How a view comes about, as plain data: what a page needs to move the picture itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.figures.pieces import Indices, Piece, take_apart
from tasks.figures.turning import PixelView, column_shifts, mirrored_axis

Mask = NDArray[np.bool_]


def motion_data(view: PixelView) -> dict[str, Any]:
    """The motion of tasks.figures.turning as plain JSON, in pixels of a picture `size` wide.

    negative: colours are inverted on the way. And one of
    mirror: 0 for upside down, 1 for left and right.
    shifts: for each column, how far down it is rolled.
    turning, straight: rigid pieces, each with its clockwise quarter turns, its centre from the
        middle of the picture before and after, as [x, y], and its rectangles, four numbers each
        (x, y, width, height); and rectangles that move without turning, six numbers each (the same
        and how far they go, x and y).
    """
    return {"size": view.size, "negative": view.is_negative, **_motion(view)}


def _motion(view: PixelView) -> dict[str, Any]:
    axis = mirrored_axis(view.source)
    if axis is not None:
        return {"mirror": axis}
    shifts = column_shifts(view.source)
    if shifts is not None and shifts.any():
        return {"shifts": [float(shift) for shift in shifts]}
    pieces = take_apart(view.source)
    return {
        "turning": [_turning(piece, view.size) for piece in pieces.pieces],
        "straight": _straight(pieces.straight, pieces.displacement),
    }


def _turning(piece: Piece, size: int) -> dict[str, Any]:
    mask = np.zeros((size, size), dtype=np.bool_)
    mask[piece.rows, piece.columns] = True
    return {
        "turns": piece.quarter_turns,
        "start": [float(piece.start[1]), float(piece.start[0])],
        "end": [float(piece.end[1]), float(piece.end[0])],
        "rectangles": [number for box in _rectangles(mask) for number in box],
    }


def _straight(places: Indices, displacement: Indices) -> list[int]:
    """Rectangles of pixels that go equally far, those that stay first."""
    size = len(displacement)
    far = displacement[places[:, 0], places[:, 1]]
    numbers: list[int] = []
    for down, across in sorted({(int(y), int(x)) for y, x in far}, key=_distance):
        mask = np.zeros((size, size), dtype=np.bool_)
        chosen = places[(far == (down, across)).all(axis=1)]
        mask[chosen[:, 0], chosen[:, 1]] = True
        for box in _rectangles(mask):
            numbers += [*box, across, down]
    return numbers


def _distance(shift: tuple[int, int]) -> tuple[int, tuple[int, int]]:
    return abs(shift[0]) + abs(shift[1]), shift


def _rectangles(mask: Mask) -> Iterator[tuple[int, int, int, int]]:
    """x, y, width, height of rectangles that cover the mask, each pixel once."""
    left_over = mask.copy()
    for y, x in np.argwhere(mask):
        if not left_over[y, x]:
            continue
        width = _run(left_over[y, x:])
        height = _run(np.all(left_over[y:, x : x + width], axis=1))
        left_over[y : y + height, x : x + width] = False
        yield int(x), int(y), width, height


def _run(are_set: Mask) -> int:
    """How many are set before the first that is not."""
    return len(are_set) if are_set.all() else int(np.argmin(are_set))
