"""Whole-picture views. Each takes a grid [S, S] of pixel numbers and returns it rearranged."""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.diffusion.declared_width import DECLARED_WIDTH


def flip(grid: Tensor) -> Tensor:
    """Upside down."""
    return grid.flip(0)


def rotate_90_cw(grid: Tensor) -> Tensor:
    return torch.rot90(grid, k=-1)


def rotate_90_ccw(grid: Tensor) -> Tensor:
    return torch.rot90(grid, k=1)


def rotate_180(grid: Tensor) -> Tensor:
    return torch.rot90(grid, k=2)


def skew(grid: Tensor, max_displacement: float) -> Tensor:
    """Columns rolled down by displacements that grow evenly from -max_displacement at the left to
    +max_displacement at the right: a skew without interpolation, so a permutation."""
    size = len(grid)
    scaled = max_displacement * size / DECLARED_WIDTH
    displacement = torch.linspace(-scaled, scaled, size, dtype=torch.float64).round().long()
    rows = torch.arange(size)[:, None]
    return grid[(rows - displacement) % size, torch.arange(size)]
