"""Ways of looking at a picture that keep noise noise (Geng et al. 2024, Visual Anagrams).

The declaration names a view: {"name": "skew", "max_displacement": 50}. Each is a rearrangement of
pixels, or a change of sign: linear, norm-preserving and exactly invertible.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from tasks.diffusion.declared import chosen
from tasks.diffusion.views.jigsaw import jigsaw
from tasks.diffusion.views.rearrangements import (
    inner_circle,
    patch_permutation,
    pixel_permutation,
    skew,
    square_hinge,
)
from tasks.diffusion.views.view import View

__all__ = ["View", "view_from_params"]

REARRANGEMENTS: dict[str, tuple[Callable[..., Tensor], dict[str, float]]] = {
    "identity": (lambda grid: grid, {}),
    "flip": (lambda grid: grid.flip(0), {}),
    "rotate_90_cw": (lambda grid: grid.rot90(-1), {}),
    "rotate_90_ccw": (lambda grid: grid.rot90(1), {}),
    "rotate_180": (lambda grid: grid.rot90(2), {}),
    "negate": (lambda grid: grid, {}),
    "skew": (skew, {"max_displacement": 50}),
    "patch_permutation": (patch_permutation, {"patches": 8, "seed": 0}),
    "pixel_permutation": (pixel_permutation, {"pixels": 64, "seed": 0}),
    "jigsaw": (jigsaw, {"seed": 0}),
    "inner_circle": (inner_circle, {"radius": 0.8, "degrees": 90}),
    "square_hinge": (square_hinge, {"squares": 4}),
}
"""Each view by name: how it rearranges a grid of pixels, and its parameters with their defaults."""


def view_from_params(params: Mapping[str, Any], size: int) -> View:
    """The view {"name": ..., parameters} for pictures of size x size pixels.

    The same parameters give the same object, and the same view at every size: lengths are declared
    for a picture 64 pixels wide, or as fractions, and permutations move whole blocks when the
    picture is larger. Raises BadInput for an unknown name or parameter, or a size that the view
    cannot divide.
    """
    return _cached_view(json.dumps(dict(params), sort_keys=True), size)


@functools.lru_cache(maxsize=64)
def _cached_view(canonical: str, size: int) -> View:
    params = json.loads(canonical)
    rearrange, values = chosen("views", REARRANGEMENTS, params)
    grid = torch.arange(size * size).reshape(size, size)
    return View(
        name=params["name"],
        permutation=rearrange(grid, **values).flatten(),
        sign=-1.0 if params["name"] == "negate" else 1.0,
    )
