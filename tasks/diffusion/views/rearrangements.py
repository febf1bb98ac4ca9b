"""Rearrangements of a grid [size, size] of pixel numbers: rolls, shuffles, turned pieces."""

from __future__ import annotations

import torch
from torch import Tensor

from tasks import BadInput
from tasks.diffusion.declared import DECLARED_WIDTH
from tasks.diffusion.seeds import named_generator


def skew(grid: Tensor, max_displacement: float) -> Tensor:
    """Columns rolled down by displacements that grow evenly from -max_displacement at the left to
    +max_displacement at the right: a skew without interpolation, so a permutation."""
    size = len(grid)
    scaled = max_displacement * size / DECLARED_WIDTH
    displacement = torch.linspace(-scaled, scaled, size, dtype=torch.float64).round().long()
    rows = torch.arange(size)[:, None]
    return grid[(rows - displacement) % size, torch.arange(size)]


def patch_permutation(grid: Tensor, patches: int, seed: int) -> Tensor:
    """patches x patches squares in an order drawn from seed."""
    return _shuffled(grid, "patch_permutation", "patches", patches, seed)


def pixel_permutation(grid: Tensor, pixels: int, seed: int) -> Tensor:
    """Every pixel of a picture `pixels` wide in an order drawn from seed; a picture k times as wide
    moves blocks of k x k, so that both stages show the same view."""
    return _shuffled(grid, "pixel_permutation", "pixels", pixels, seed)


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
    tiles = _cut(grid, squares, "square_hinge", "squares")
    row, column = torch.meshgrid(torch.arange(squares), torch.arange(squares), indexing="ij")
    is_clockwise = ((row + column) % 2 == 0).flatten()[:, None, None]
    clockwise, counter = tiles.rot90(-1, dims=(1, 2)), tiles.rot90(1, dims=(1, 2))
    return _assemble(torch.where(is_clockwise, clockwise, counter))


def _shuffled(grid: Tensor, view: str, parameter: str, count: int, seed: int) -> Tensor:
    squares = _cut(grid, count, view, parameter)
    generator = named_generator(seed, "view", view, count)
    return _assemble(squares[torch.randperm(count * count, generator=generator)])


def _cut(grid: Tensor, count: int, view: str, parameter: str) -> Tensor:
    """A grid as count x count squares, row by row: [count^2, size / count, size / count]."""
    size = len(grid)
    if count < 1 or size % count:
        raise BadInput(
            f"views: {view} has {parameter} {count}; expected a divisor of the picture's "
            f"width, {size}"
        )
    side = size // count
    return grid.reshape(count, side, count, side).transpose(1, 2).reshape(-1, side, side)


def _assemble(squares: Tensor) -> Tensor:
    """The inverse of _cut."""
    count, side = round(len(squares) ** 0.5), squares.shape[1]
    size = count * side
    return squares.reshape(count, count, side, side).transpose(1, 2).reshape(size, size)
