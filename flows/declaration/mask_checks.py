"""Checks of a mask: corners that make a shape, large enough to paint in."""

from __future__ import annotations

from collections.abc import Iterator

from flows.declaration.masks import Mask
from flows.declaration.messages import Path, Problem, show_value

SMALLEST = 1 / 64
"""A pixel of stage I, in fractions of the side."""


def check_mask(path: Path, mask: Mask) -> Iterator[Problem]:
    """Problems of the mask at `path` that its fields alone do not show."""
    given = f"is {show_value(mask.points)}"
    if mask.shape == "polygon":
        if len(mask.points) < 3:
            yield Problem((*path, "points"), f"{given}; a polygon needs three corners or more")
            return
    elif len(mask.points) != 2:
        what = "a box" if mask.shape == "box" else "an ellipse"
        yield Problem(
            (*path, "points"), f"{given}; {what} needs two opposite corners: [[x, y], [x, y]]"
        )
        return
    spans = [max(values) - min(values) for values in zip(*mask.points, strict=True)]
    if min(spans) < SMALLEST:
        yield Problem(
            (*path, "points"),
            f"{given}, {spans[0]:g} wide and {spans[1]:g} high; expected at least a pixel of the "
            f"64x64 image each way, {SMALLEST:g}",
        )
