"""A rearranged picture as pieces that move: the largest rigid ones first found, then drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks.figures.drawing.pixels import Images, upscale
from tasks.figures.drawing.style import SHEET_GROUND

Indices = NDArray[np.int64]

SMALLEST_PIECE = 16
"""Fewer pixels that would fit one rotation do so by chance."""

SUPERSAMPLE = 2
"""Rotated pieces are drawn so much larger and averaged, or their edges would be stairs."""


@dataclass(frozen=True)
class Piece:
    """Pixels that move as one rigid body.

    rows, columns: of its pixels. quarter_turns: clockwise. start, end: its centre before and
    after, as (y, x) from the middle of the picture.
    """

    rows: Indices
    columns: Indices
    quarter_turns: int
    start: NDArray[np.float64]
    end: NDArray[np.float64]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """top, left, bottom, right, of its pixels at the start."""
        rows, columns = self.rows, self.columns
        return int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1

    @property
    def reach(self) -> float:
        """Of any of its pixels from the middle of the picture, as it turns."""
        top, left, bottom, right = self.box
        down, across = self.rows - (top + bottom - 1) / 2, self.columns - (left + right - 1) / 2
        radius = float(np.hypot(down, across).max()) + math.sqrt(0.5)
        return float(max(np.abs(self.start).max(), np.abs(self.end).max()) + radius)


class Pieces:
    """Rigid pieces that turn, and pixels that only move straight."""

    def __init__(self, size: int, displacement: Indices, pieces: Sequence[Piece]) -> None:
        """displacement: [size, size, 2], of (y, x), for pixels of no piece."""
        self.extent = max([float(size), *(2 * piece.reach for piece in pieces)])
        self.displacement, self.pieces = displacement, pieces
        turning = np.zeros((size, size), dtype=bool)
        for piece in pieces:
            turning[piece.rows, piece.columns] = True
        # Pixels that stay come first, so that those on the move pass over them.
        straight = np.argwhere(~turning)
        is_moving = displacement[straight[:, 0], straight[:, 1]].any(axis=1)
        self.straight = straight[np.argsort(is_moving, kind="stable")]

    def draw(self, canvas: Image.Image, picture: Images, factor: int, p: float) -> None:
        # Pixels that move straight stay inside the square, so their picture can be pasted.
        shown = np.empty((len(picture) * factor,) * 2 + (3,), dtype=np.uint8)
        shown[:] = SHEET_GROUND
        rows, columns = self.straight[:, 0], self.straight[:, 1]
        moved = self.straight + self.displacement[rows, columns] * p
        corner = np.round(moved * factor).astype(np.int64)
        for down in range(factor):
            for across in range(factor):
                shown[corner[:, 0] + down, corner[:, 1] + across] = picture[rows, columns]
        paste_centred(canvas, shown)
        if self.pieces:
            large = canvas.resize(
                [side * SUPERSAMPLE for side in canvas.size], Image.Resampling.BOX
            )
            for piece in self.pieces:
                _draw_piece(large, picture, piece, factor * SUPERSAMPLE, p)
            canvas.paste(large.reduce(SUPERSAMPLE))


def _draw_piece(canvas: Image.Image, picture: Images, piece: Piece, factor: int, p: float) -> None:
    top, left, bottom, right = piece.box
    mask = np.zeros((bottom - top, right - left), dtype=np.uint8)
    mask[piece.rows - top, piece.columns - left] = 255
    angle = -90.0 * piece.quarter_turns * p
    body = Image.fromarray(upscale(picture[top:bottom, left:right], factor))
    shape = Image.fromarray(upscale(mask, factor))
    body, shape = (each.rotate(angle, expand=True) for each in (body, shape))
    middle = (
        np.array(canvas.size[::-1]) / 2 + (piece.start + (piece.end - piece.start) * p) * factor
    )
    # The centre of the pixels' box, which the rotation turns about, is the piece's centre.
    corner = np.round(middle - np.array(body.size[::-1]) / 2).astype(int)
    canvas.paste(body, (int(corner[1]), int(corner[0])), shape)


def paste_centred(canvas: Image.Image, pixels: Images) -> None:
    height, width = pixels.shape[:2]
    place = ((canvas.width - width) // 2, (canvas.height - height) // 2)
    canvas.paste(Image.fromarray(pixels), place)


def take_apart(source: Indices) -> Pieces:
    """The largest groups of pixels that one rotation by quarter turns and one shift explain."""
    size = len(source)
    target = np.empty((size * size, 2), dtype=np.int64)
    target[source.reshape(-1)] = np.argwhere(np.ones((size, size)))
    place = np.argwhere(np.ones((size, size)))
    # From the middle, in half pixels, so that coordinates stay integers.
    start, end = 2 * place - (size - 1), 2 * target - (size - 1)
    groups, counts = [], []
    for turns in range(4):
        shift = end - _quarter_turned(start, turns)
        _, group, count = np.unique(shift, axis=0, return_inverse=True, return_counts=True)
        groups.append(group.reshape(-1))
        counts.append(count[group.reshape(-1)])
        if turns:
            counts[-1] = np.where(counts[-1] < SMALLEST_PIECE, 0, counts[-1])
    # The first of equals: what can move straight does.
    chosen = np.argmax(counts, axis=0)
    pieces = []
    for turns in (1, 2, 3):
        for group in np.unique(groups[turns][chosen == turns]):
            members = np.flatnonzero((chosen == turns) & (groups[turns] == group))
            low, high = place[members].min(axis=0), place[members].max(axis=0)
            centre = low + high - (size - 1)
            shift = (end - _quarter_turned(start, turns))[members[0]]
            pieces.append(
                Piece(
                    rows=place[members, 0],
                    columns=place[members, 1],
                    quarter_turns=turns if turns < 3 else -1,
                    start=centre / 2,
                    end=(_quarter_turned(centre[None], turns)[0] + shift) / 2,
                )
            )
    return Pieces(size, (target - place).reshape(size, size, 2), pieces)


def _quarter_turned(points: Indices, turns: int) -> Indices:
    """(y, x) from the middle, y downwards, turned clockwise."""
    for _ in range(turns):
        points = np.stack([points[:, 1], -points[:, 0]], axis=1)
    return points
