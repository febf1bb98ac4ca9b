"""The jigsaw view: sixteen interlocking pieces put together in another order.

The cut looks the same after a quarter turn of the whole puzzle, and the two pieces between each
pair of corners have one shape. So any corner fits in every corner, any of the eight border pieces
in every border place, any of the four middle pieces in every middle place, each turned as its new
place demands; and since turns are by quarters, pixels land on pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tasks import BadInput
from tasks.diffusion.seeds import named_generator

PIECES = 4
"""Pieces along one side of the puzzle."""

TAB_RADIUS = 0.17
TAB_CENTRE = 0.11
"""A tab is a disc, its centre this far beyond the side of its piece; in sides of a piece."""

TOP, RIGHT, BOTTOM, LEFT = range(4)

# Sides of the pieces of the upper left quarter: 1 a tab, -1 a hole, 0 the border of the picture.
# (1, 0) is the quarter-turned (0, 2), so the quarter holds one piece of each of four orbits.
SIDES = {
    "corner": (0, 1, -1, 0),
    "border": (0, 1, 1, -1),
    "middle": (-1, 1, -1, -1),
}

# The places of each kind of piece, and how many quarter turns clockwise each is from the first.
PLACES = {
    "corner": {(0, 0): 0, (0, 3): 1, (3, 3): 2, (3, 0): 3},
    "border": {
        **{(0, 1): 0, (0, 2): 0, (1, 3): 1, (2, 3): 1},
        **{(3, 2): 2, (3, 1): 2, (2, 0): 3, (1, 0): 3},
    },
    "middle": {(1, 1): 0, (1, 2): 1, (2, 2): 2, (2, 1): 3},
}


def jigsaw(grid: Tensor, seed: int) -> Tensor:
    """The puzzle put together again with like pieces exchanged, in an order drawn from seed."""
    size = len(grid)
    side = size // PIECES
    if size % PIECES or side < 4:
        raise BadInput(
            f"views: jigsaw of a picture {size} wide; expected a multiple of {PIECES}, at least "
            f"{4 * PIECES}"
        )
    generator = named_generator(seed, "view", "jigsaw")
    # Pieces reach into their neighbours; the margin lets those at the border be cut like others.
    source = torch.nn.functional.pad(grid, [side] * 4, value=-1)
    result = source.clone()
    for kind, places in PLACES.items():
        shape = _shape(SIDES[kind], side)
        positions = list(places)
        order = torch.randperm(len(positions), generator=generator).tolist()
        for place, taken_from in zip(positions, (positions[i] for i in order), strict=True):
            turns = places[place] - places[taken_from]
            piece = torch.rot90(_window(source, taken_from, side), k=-turns)
            is_piece = torch.rot90(shape, k=-places[place])
            window = _window(result, place, side)
            window.copy_(torch.where(is_piece, piece, window))
    return result[side:-side, side:-side]


def _window(canvas: Tensor, place: tuple[int, int], side: int) -> Tensor:
    """The three by three sides around a piece, a view into the padded canvas."""
    row, column = place
    return canvas[row * side : (row + 3) * side, column * side : (column + 3) * side]


def _shape(sides: tuple[int, ...], side: int) -> Tensor:
    """Which pixels of its window, [3 * side, 3 * side], belong to a piece."""
    shape = torch.zeros(3 * side, 3 * side, dtype=torch.bool)
    shape[side:-side, side:-side] = True
    for direction, kind in enumerate(sides):
        if kind == 1:
            shape |= _tab(direction, side)
        elif kind == -1:
            # The tab of the neighbour on that side, pointing here.
            shift = {TOP: (-side, 0), RIGHT: (0, side), BOTTOM: (side, 0), LEFT: (0, -side)}
            facing = _tab((direction + 2) % 4, side)
            shape &= ~facing.roll(shift[direction], dims=(0, 1))
    return shape


def _tab(direction: int, side: int) -> Tensor:
    """The pixels of a tab beyond the side `direction` of the piece in the middle of a window."""
    position = torch.arange(3 * side) + 0.5 - side
    y, x = position[:, None], position[None, :]
    is_disc = (x - (1 + TAB_CENTRE) * side).square() + (y - side / 2).square() <= (
        TAB_RADIUS * side
    ) ** 2
    return torch.rot90(is_disc & (x >= side), k=RIGHT - direction)
