"""Masks of inpainting: where new content is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tasks import BadInput
from tasks.store.node import JSON


def draw_mask(mask: Mapping[str, JSON], size: int) -> NDArray[np.bool_]:
    """[size, size]; true where new content is wanted: the pixels whose centre lies in the shape.

    mask: {"shape": "box", "ellipse" or "polygon", "points": [[x, y], ...]} in fractions of the
    side, y downwards. A box and an ellipse are given by two opposite corners, a polygon by three
    or more; where its edges cross, the even-odd rule decides.
    Raises BadInput if no pixel lies inside.
    """
    centers = (np.arange(size) + 0.5) / size
    x, y = centers[None, :], centers[:, None]
    points = mask["points"]
    if mask["shape"] == "polygon":
        inside = _in_polygon(x, y, points)
    else:
        (x0, y0), (x1, y1) = points
        across, down = np.abs(x - (x0 + x1) / 2), np.abs(y - (y0 + y1) / 2)
        half_width, half_height = abs(x1 - x0) / 2, abs(y1 - y0) / 2
        if mask["shape"] == "ellipse":
            # Without a division, so that one without any extent is empty and nothing is NaN.
            scaled = (across * half_height) ** 2 + (down * half_width) ** 2
            inside = scaled < (half_width * half_height) ** 2
        else:
            inside = (across < half_width) & (down < half_height)
    if not inside.any():
        raise BadInput(f"the mask {points} holds no pixel at {size}x{size}; make it larger")
    return inside


def _in_polygon(
    x: NDArray[np.float64], y: NDArray[np.float64], points: Sequence[Sequence[float]]
) -> NDArray[np.bool_]:
    """Whether a ray from each centre to the right crosses an odd number of edges."""
    inside = np.zeros((y.shape[0], x.shape[1]), dtype=bool)
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
        if y0 == y1:
            continue
        is_beside = (y0 > y) != (y1 > y)
        # On rows far from an edge that is nearly level it overflows; those are not beside it.
        with np.errstate(over="ignore", invalid="ignore"):
            crossing = x0 + (y - y0) / (y1 - y0) * (x1 - x0)
        inside ^= is_beside & (x < crossing)
    return inside
