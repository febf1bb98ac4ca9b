"""Masks: where an image is edited, as figures of edits declare and show them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from flows.declaration import Declaration
from flows.declaration.fields import Section
from flows.declaration.pictures import Point
from flows.declaration.problems import Path, Problem, show_value
from flows.figures.parameters import Problems, Refused
from flows.figures.sheet import Cell
from flows.nodes.model_nodes import plain
from tasks.store.node import JSON

ORIGINAL = "original"

SMALLEST = 1 / 64
"""A pixel of stage I, in fractions of the side."""


class Shape(Section):
    """Where new content is wanted. points: [x, y] in fractions of the side, y downwards: two
    opposite corners of a box, or of the box around an ellipse; three corners or more of a polygon.
    """

    shape: Literal["box", "ellipse", "polygon"]
    points: Annotated[list[Point], Field(min_length=2, max_length=200)]


def mask_problems(_: Declaration, path: Path, mask: Shape) -> Problems:
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


Mask = Annotated[Shape, Refused(mask_problems)]


def with_mask(image: str, mask: Shape | None, *, labelled: bool = False) -> list[Cell]:
    """An image, its mask and its hole; the image alone where there is no mask."""
    shape = plain_mask(mask)
    cells = [Cell(image, ORIGINAL)]
    if shape is not None:
        cells += [Cell(None, "mask", "mask", shape), Cell(image, "hole", "hole", shape)]
    return [cell if labelled else replace(cell, label="") for cell in cells]


def plain_mask(mask: Shape | None) -> JSON:
    return None if mask is None else plain(mask)
