"""What keeps an estimate of the clean image in the range of images, [-1, 1]."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Limit = Callable[[Tensor], Tensor]
"""[B, C, H, W] to the same shape, each picture on its own."""


@dataclass(frozen=True)
class DynamicThreshold:
    """Clip to [-s, s] and divide by s (Saharia et al. 2022, section 2.3).

    s is the `ratio` quantile of a picture's absolute values, kept in [1, max_value].
    """

    ratio: float
    max_value: float

    def __call__(self, x_0: Tensor) -> Tensor:
        s = quantile(x_0.flatten(1).abs(), self.ratio).clamp(1, self.max_value)
        s = s[:, None, None, None]
        return x_0.clamp(-s, s) / s


@dataclass(frozen=True)
class FixedClip:
    """Clip to [-value, value]."""

    value: float

    def __call__(self, x_0: Tensor) -> Tensor:
        return x_0.clamp(-self.value, self.value)


def no_limit(x_0: Tensor) -> Tensor:
    """The estimate as it is."""
    return x_0


def quantile(values: Tensor, ratio: float) -> Tensor:
    """The same as torch.quantile(values, ratio, dim=1), linear between neighbours.

    values: [B, N]. Returns [B]. Only the tail above the quantile is sorted: four times (N of a
    64x64 picture) to eight times (256x256) as fast on a CPU, and without torch's limit on N.
    """
    n = values.shape[1]
    # In float32, as torch computes the rank, so that results are equal to the last bit.
    rank = torch.tensor(ratio, dtype=values.dtype) * (n - 1)
    below = math.floor(rank)
    tail = values.topk(n - below, dim=1).values
    upper = tail[:, -2] if n - below > 1 else tail[:, -1]
    return torch.lerp(tail[:, -1], upper, float(rank - below))
