"""Masks of inpainting, declared with each figure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.declaration.fields import Section, Share

Point = Annotated[list[Share], Field(min_length=2, max_length=2)]


class Mask(Section):
    """Where new content is wanted. points: [x, y] in fractions of the side, y downwards: two
    opposite corners of a box, or of the box around an ellipse; three corners or more of a polygon.
    """

    shape: Literal["box", "ellipse", "polygon"]
    points: Annotated[list[Point], Field(min_length=2, max_length=200)]
