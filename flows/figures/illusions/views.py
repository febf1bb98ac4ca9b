"""Ways of looking at a picture, as anagrams declare them: a name, or a mapping with parameters.

tasks.diffusion.views has what each does; lengths are in pixels of a picture 64 wide.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from flows.declaration import Declaration
from flows.declaration.fields import Section, Seed, in_full
from flows.declaration.problems import Path, Problem
from flows.figures.parameters import Problems, Refused

STAGE_ONE_SIZE = 64
"""Width of the pictures of stage I."""


def _divisor(_: Declaration, path: Path, count: int) -> Problems:
    if STAGE_ONE_SIZE % count:
        yield Problem(
            path, f"is {count}; expected a divisor of {STAGE_ONE_SIZE}, the width of the picture"
        )


DIVISOR = Refused(_divisor)
"""Of the number of equal squares a side of the picture is cut into."""


class NamedView(Section):
    """The name alone may stand for the whole mapping."""

    short_for = "name"


class PlainView(NamedView):
    """A view without parameters. flip: upside down. negate: each colour its opposite."""

    name: Literal["flip", "rotate_90_cw", "rotate_90_ccw", "rotate_180", "negate"]


class Skew(NamedView):
    """Columns rolled by displacements that grow from -max_displacement to max_displacement."""

    name: Literal["skew"]
    max_displacement: Annotated[int, Field(ge=1, le=STAGE_ONE_SIZE)] = 50


class PatchPermutation(NamedView):
    """patches x patches squares in an order drawn from seed."""

    name: Literal["patch_permutation"]
    patches: Annotated[int, Field(ge=2, le=STAGE_ONE_SIZE), DIVISOR] = 8
    seed: Seed = 0


class PixelPermutation(NamedView):
    """Every pixel in an order drawn from seed."""

    name: Literal["pixel_permutation"]
    pixels: Annotated[int, Field(ge=2, le=STAGE_ONE_SIZE), DIVISOR] = 64
    seed: Seed = 0


class Jigsaw(NamedView):
    """Sixteen interlocking pieces put together in another order."""

    name: Literal["jigsaw"]
    seed: Seed = 0


class InnerCircle(NamedView):
    """A disc in the middle turned. radius: a fraction of half the width."""

    name: Literal["inner_circle"]
    radius: Annotated[float, Field(gt=0, le=1)] = 0.8
    degrees: Literal[90, 180, 270] = 90


class SquareHinge(NamedView):
    """squares x squares tiles, each turned by a quarter in its place."""

    name: Literal["square_hinge"]
    squares: Annotated[int, Field(ge=1, le=STAGE_ONE_SIZE // 2), DIVISOR] = 4


AnyView = (
    PlainView | Skew | PatchPermutation | PixelPermutation | Jigsaw | InnerCircle | SquareHinge
)
View = Annotated[
    AnyView,
    Field(discriminator="name"),
    BeforeValidator(lambda value: in_full(NamedView, value)),
]
