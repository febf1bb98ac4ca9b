"""Views that shuffle the squares of a grid, from a seed of their own."""

from __future__ import annotations

import torch
from torch import Tensor

from tasks import BadInput
from tasks.diffusion.seeds import named_generator


def patch_permutation(grid: Tensor, patches: int, seed: int) -> Tensor:
    """patches x patches squares in an order drawn from seed."""
    squares = cut(grid, patches, "patch_permutation", "patches")
    generator = named_generator(seed, "view", "patch_permutation", patches)
    return assemble(squares[torch.randperm(patches * patches, generator=generator)])


def pixel_permutation(grid: Tensor, pixels: int, seed: int) -> Tensor:
    """Every pixel of a picture `pixels` wide in an order drawn from seed; a picture k times as wide
    moves blocks of k x k, so that both stages show the same view."""
    squares = cut(grid, pixels, "pixel_permutation", "pixels")
    generator = named_generator(seed, "view", "pixel_permutation", pixels)
    return assemble(squares[torch.randperm(pixels * pixels, generator=generator)])


def cut(grid: Tensor, count: int, view: str, parameter: str) -> Tensor:
    """A grid [S, S] as count x count squares, row by row: [count^2, S / count, S / count]."""
    size = len(grid)
    if count < 1 or size % count:
        raise BadInput(
            f"views: {view} has {parameter} {count}; expected a divisor of the picture's "
            f"width, {size}"
        )
    side = size // count
    return grid.reshape(count, side, count, side).transpose(1, 2).reshape(-1, side, side)


def assemble(squares: Tensor) -> Tensor:
    """The inverse of cut."""
    count, side = round(len(squares) ** 0.5), squares.shape[1]
    size = count * side
    return squares.reshape(count, count, side, side).transpose(1, 2).reshape(size, size)
