"""Views that turn parts of the picture in their places."""

from __future__ import annotations

import torch
from torch import Tensor

from tasks import BadInput
from tasks.diffusion.views.shuffles import assemble, cut


def inner_circle(grid: Tensor, radius: float, degrees: int) -> Tensor:
    """A disc in the middle turned clockwise, the frame around it left alone.

    radius: a fraction of half the picture's width. degrees: 90, 180 or 270, the turns that carry
    pixels onto pixels.
    """
    if degrees not in (90, 180, 270):
        raise BadInput(f"views: inner_circle has degrees {degrees}; expected 90, 180 or 270")
    half = len(grid) / 2
    offset = torch.arange(len(grid)) + 0.5 - half
    is_inside = offset[:, None].square() + offset.square() <= (radius * half) ** 2
    return torch.where(is_inside, torch.rot90(grid, k=-degrees // 90), grid)


def square_hinge(grid: Tensor, squares: int) -> Tensor:
    """squares x squares tiles hinged at their corners, opened until they close again: each has
    then turned by a quarter in its place, neighbours in opposite senses."""
    tiles = cut(grid, squares, "square_hinge", "squares")
    row, column = torch.meshgrid(torch.arange(squares), torch.arange(squares), indexing="ij")
    is_clockwise = ((row + column) % 2 == 0).flatten()[:, None, None]
    clockwise, counter = tiles.rot90(-1, dims=(1, 2)), tiles.rot90(1, dims=(1, 2))
    return assemble(torch.where(is_clockwise, clockwise, counter))
