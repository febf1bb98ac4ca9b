"""What training does to images before it noises them: a shift each, and a mirror image or not.

Images are [batch, channel, height, width], black 0.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor


def random_shift(x: Tensor, max_shift: int, generator: torch.Generator) -> Tensor:
    """Move each image by whole pixels, up to max_shift each way, filling with zeros."""
    dy, dx = torch.randint(
        0, 2 * max_shift + 1, (2, len(x), 1), generator=generator, device=x.device
    )
    return _shift(x, max_shift, dy, dx)


def every_shift(max_shift: int) -> Iterator[Callable[[Tensor], Tensor]]:
    """Each move that random_shift may make, all of them equally likely."""
    for dy, dx in itertools.product(torch.arange(2 * max_shift + 1), repeat=2):
        yield functools.partial(_shift, max_shift=max_shift, dy=dy.view(1, 1), dx=dx.view(1, 1))


def _shift(x: Tensor, max_shift: int, dy: Tensor, dx: Tensor) -> Tensor:
    """dy, dx: [batch or 1, 1], from 0 to 2 max_shift; max_shift moves nothing."""
    batch, channels, height, width = x.shape
    padded = torch.nn.functional.pad(x, [max_shift] * 4)
    rows = (dy + torch.arange(height, device=x.device))[:, None, :, None]
    columns = (dx + torch.arange(width, device=x.device))[:, None, None, :]
    index = torch.arange(batch, device=x.device)[:, None, None, None]
    channel = torch.arange(channels, device=x.device)[None, :, None, None]
    return padded[index, channel, rows, columns]


def random_flip(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each image mirrored left to right, or not, by a coin."""
    is_mirrored = torch.rand(len(x), generator=generator, device=x.device) < 0.5
    return torch.where(is_mirrored[:, None, None, None], mirror(x), x)


def mirror(x: Tensor) -> Tensor:
    return x.flip(3)
