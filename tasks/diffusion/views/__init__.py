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

from tasks import BadInput
from tasks.diffusion.views.jigsaw import jigsaw
from tasks.diffusion.views.rearrangements import (
    flip,
    inner_circle,
    patch_permutation,
    pixel_permutation,
    rotate_90_ccw,
    rotate_90_cw,
    rotate_180,
    skew,
    square_hinge,
)
from tasks.diffusion.views.view import View

__all__ = ["View", "view_from_params"]

Rearrange = Callable[..., Tensor]

REARRANGEMENTS: dict[str, tuple[Rearrange, dict[str, float]]] = {
    "identity": (lambda grid: grid, {}),
    "flip": (flip, {}),
    "rotate_90_cw": (rotate_90_cw, {}),
    "rotate_90_ccw": (rotate_90_ccw, {}),
    "rotate_180": (rotate_180, {}),
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
    name = params.pop("name", None)
    if name not in REARRANGEMENTS:
        raise BadInput(f"views: name is {name!r}; expected one of {', '.join(REARRANGEMENTS)}")
    rearrange, defaults = REARRANGEMENTS[name]
    unknown = sorted(params.keys() - defaults.keys())
    if unknown:
        allowed = ", ".join(defaults) or "no parameters"
        raise BadInput(f"views: {name} has no parameter {unknown[0]!r}; expected {allowed}")
    grid = torch.arange(size * size).reshape(size, size)
    return View(
        name=name,
        permutation=rearrange(grid, **{**defaults, **params}).flatten(),
        sign=-1.0 if name == "negate" else 1.0,
    )
