"""How far pictures are apart, and how well a filled hole fits. Pictures are in [-1, 1]."""

from __future__ import annotations

import torch
from torch import Tensor

from tasks import BadInput

LEVELS_PER_UNIT = 127.5
"""8-bit levels in one unit of [-1, 1]."""


def psnr(pictures: Tensor, clean: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in decibels, of pictures as they are shown: clipped to [-1, 1].

    pictures, clean: [n, 3, S, S]. Returns [n]; infinite for equal pictures.
    """
    error = (pictures.clamp(-1, 1) - clean.clamp(-1, 1)).flatten(1).square().mean(dim=1)
    return 10 * (4 / error).log10()


def root_mean_square_distance(picture: Tensor, other: Tensor) -> float:
    """Of two pictures of one shape, in units of [-1, 1]: SDEdit's faithfulness (Meng et al.
    2022)."""
    return float((picture - other).square().mean().sqrt())


def kept_difference(picture: Tensor, original: Tensor, mask: Tensor) -> float:
    """The largest difference where nothing was to change, in 8-bit levels.

    picture, original: [3, S, S]; mask: [1, S, S], 1 where new content is wanted. 0 if nothing is
    kept.
    """
    difference = ((1 - mask.float()) * (picture - original)).abs()
    return float(difference.max()) * LEVELS_PER_UNIT


def seam_score(picture: Tensor, mask: Tensor) -> float:
    """How visible the edge of a filled hole is: jumps across it over the jumps right beside it.

    picture: [3, S, S]; mask: [1, S, S], 1 in the hole. The mean absolute difference of neighbouring
    pixels on two sides of the edge, divided by that of the next pairs to each side of it on the
    same line. 1 where the edge cannot be told from its surroundings; lower is better.
    """
    across, beside = [], []
    is_hole = mask[0] > 0.5
    for x, hole in ((picture, is_hole), (picture.mT, is_hole.mT)):
        jump = (x[..., 1:] - x[..., :-1]).abs().mean(dim=0)
        is_edge = hole[:, 1:] != hole[:, :-1]
        is_beside = torch.zeros_like(is_edge)
        is_beside[:, 1:] |= is_edge[:, :-1]
        is_beside[:, :-1] |= is_edge[:, 1:]
        across.append(jump[is_edge])
        beside.append(jump[is_beside & ~is_edge])
    if not torch.cat(across).numel() or not torch.cat(beside).numel():
        raise BadInput("mask: a seam needs kept pixels as well as new ones; draw a smaller mask")
    # Half an 8-bit level: a perfectly flat surrounding must not make any edge infinitely bad.
    floor = 0.5 / LEVELS_PER_UNIT
    return float(torch.cat(across).mean() + floor) / float(torch.cat(beside).mean() + floor)
