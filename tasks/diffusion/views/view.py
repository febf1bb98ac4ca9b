"""A view of a picture: a rearrangement of its pixels and a sign, and a batch of different ones."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class View:
    """Pixel i of the viewed picture is sign times pixel permutation[i] of the picture.

    permutation: [size * size] int64, row by row, every pixel once; the same in all channels. Such
    a map is orthogonal, so that noise seen through it is noise of the same distribution.
    """

    name: str
    permutation: Tensor
    sign: float = 1.0

    @functools.cached_property
    def inverse_permutation(self) -> Tensor:
        return self.permutation.argsort()

    @functools.cached_property
    def is_identity(self) -> bool:
        return self.sign == 1 and torch.equal(self.permutation, torch.arange(len(self.permutation)))

    def apply(self, x: Tensor) -> Tensor:
        """x as it is seen; both are [..., size, size]."""
        return self.sign * _rearrange(x, self.permutation)

    def invert(self, y: Tensor) -> Tensor:
        """The picture that is seen as y."""
        return self.sign * _rearrange(y, self.inverse_permutation)

    def invert_variance(self, v: Tensor) -> Tensor:
        """A variance seen in the view, brought back: it moves with its pixel and has no sign."""
        return _rearrange(v, self.inverse_permutation)


def _rearrange(x: Tensor, permutation: Tensor) -> Tensor:
    return x.flatten(-2)[..., permutation.to(x.device)].reshape(x.shape)


class ViewBank:
    """Several views, applied to the rows of a batch in one gather.

    x, y, v: [batch, channel, size, size]; which: [batch] int, for each row the position of its view
    in `views`.
    """

    def __init__(self, views: Sequence[View], device: torch.device | str) -> None:
        self._is_identity = np.array([view.is_identity for view in views])
        self._permutations = torch.stack([v.permutation for v in views]).to(device)
        self._inverses = torch.stack([v.inverse_permutation for v in views]).to(device)
        self._signs = torch.tensor([v.sign for v in views], device=device)
        self._has_signs = any(v.sign != 1 for v in views)

    def apply(self, x: Tensor, which: np.ndarray) -> Tensor:
        """Each picture as it is seen in its view."""
        return self._gather(x, self._permutations, which, has_sign=True)

    def invert(self, y: Tensor, which: np.ndarray) -> Tensor:
        """Pictures, or noise, back from their views."""
        return self._gather(y, self._inverses, which, has_sign=True)

    def invert_variance(self, v: Tensor, which: np.ndarray) -> Tensor:
        """Variances back from their views: moved, never negated."""
        return self._gather(v, self._inverses, which, has_sign=False)

    def _gather(self, x: Tensor, permutations: Tensor, which: np.ndarray, has_sign: bool) -> Tensor:
        if self._is_identity[which].all():
            return x
        chosen = torch.from_numpy(which).to(x.device)
        index = permutations[chosen][:, None, :].expand(-1, x.shape[1], -1)
        moved = x.flatten(2).gather(2, index).reshape(x.shape)
        if has_sign and self._has_signs:
            moved = self._signs[chosen][:, None, None, None] * moved
        return moved
