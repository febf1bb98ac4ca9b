"""Components of each pixel by itself: grey and colour, and shares of the whole."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from torch import Tensor

from tasks import BadInput
from tasks.diffusion.components.decomposition import Parts


def grey_colour(size: int) -> Parts:
    """The mean of the channels, and what the channels differ from it."""
    return {"grey": _grey, "colour": lambda x: x - _grey(x)}


def scale(size: int, weights: Sequence[float]) -> Parts:
    """A share of the picture for each prompt: prompts composed as in Liu et al. 2022.

    weights: they sum to 1.
    """
    if abs(sum(weights) - 1) > 1e-6:
        raise BadInput(
            f"components: scale has weights that sum to {sum(weights):g}; expected them to sum to 1"
        )
    return {f"share_{i}": functools.partial(_scaled, weight=w) for i, w in enumerate(weights)}


def _grey(x: Tensor) -> Tensor:
    return x.mean(dim=1, keepdim=True).expand_as(x)


def _scaled(x: Tensor, weight: float) -> Tensor:
    return weight * x
