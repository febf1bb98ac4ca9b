"""Pictures: where they come from, masks on them, ways of looking at one, and its components.

tasks.diffusion has what each view and each decomposition does. Their lengths are in pixels of a
picture 64 wide.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, StringConstraints, Tag, model_validator

from flows.declaration.fields import FileName, Section, Seed, Share, Title
from flows.declaration.problems import Path, Problem, show_value

STAGE_ONE_SIZE = 64
"""Width of the pictures of stage I."""

SMALLEST_MASK = 1 / STAGE_ONE_SIZE
"""A pixel of stage I, in fractions of the side."""

FilePath = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Point = Annotated[list[Share], Field(min_length=2, max_length=2)]


class Crop(Section):
    """The square that is used. center: x and y in fractions of width and height, y downwards.
    side: of the shorter side. The square is moved to lie inside the picture."""

    center: Point = Field(default_factory=lambda: [0.5, 0.5])
    side: Annotated[float, Field(ge=0.01, le=1)] = 1.0


class ImageBase(Section):
    """title: what the picture shows. licence, credit: under which terms, and whose work it is."""

    title: Title | None = None
    licence: Title | None = None
    credit: Title | None = None
    crop: Crop = Crop()


class PackageImage(ImageBase):
    """A picture in the folder of sample images of an installed library. name: of its file."""

    source: Literal["scikit-learn", "matplotlib", "scikit-image"]
    name: FileName


class FileImage(ImageBase):
    """file: relative to the folder of pipelines.yaml, or absolute; given with --set, relative to
    the working directory. The path alone may stand for the whole mapping."""

    file: FilePath

    @model_validator(mode="before")
    @classmethod
    def _of_path(cls, value: Any) -> Any:
        return {"file": value} if isinstance(value, str) else value


# Not names that a mapping could hold: pydantic puts them into the paths that messages are made of.
_PACKAGE, _FILE = "a picture of a library", "a picture file"


def _shape_of(value: Any) -> str:
    has_source = "source" in value if isinstance(value, dict) else isinstance(value, PackageImage)
    return _PACKAGE if has_source else _FILE


Image = Annotated[
    Annotated[PackageImage, Tag(_PACKAGE)] | Annotated[FileImage, Tag(_FILE)],
    Discriminator(_shape_of),
]


def credit_line(image: PackageImage | FileImage) -> str:
    """Whose work the picture is and under which terms, such as "danielbuechele, CC BY 2.0"; empty
    where nobody is to be credited."""
    if image.credit is None:
        return ""
    return image.credit if image.licence is None else f"{image.credit}, {image.licence}"


class Mask(Section):
    """Where new content is wanted. points: [x, y] in fractions of the side, y downwards: two
    opposite corners of a box, or of the box around an ellipse; three corners or more of a polygon.
    """

    shape: Literal["box", "ellipse", "polygon"]
    points: Annotated[list[Point], Field(min_length=2, max_length=200)]


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
    if min(spans) < SMALLEST_MASK:
        yield Problem(
            (*path, "points"),
            f"{given}, {spans[0]:g} wide and {spans[1]:g} high; expected at least a pixel of the "
            f"64x64 image each way, {SMALLEST_MASK:g}",
        )


class PlainView(Section):
    """A view without parameters. flip: upside down. negate: each colour its opposite."""

    name: Literal["flip", "rotate_90_cw", "rotate_90_ccw", "rotate_180", "negate"]


class Skew(Section):
    """Columns rolled by displacements that grow from -max_displacement to max_displacement."""

    name: Literal["skew"]
    max_displacement: Annotated[int, Field(ge=1, le=STAGE_ONE_SIZE)] = 50


class PatchPermutation(Section):
    """patches x patches squares in an order drawn from seed."""

    name: Literal["patch_permutation"]
    patches: Annotated[int, Field(ge=2, le=STAGE_ONE_SIZE)] = 8
    seed: Seed = 0


class PixelPermutation(Section):
    """Every pixel in an order drawn from seed."""

    name: Literal["pixel_permutation"]
    pixels: Annotated[int, Field(ge=2, le=STAGE_ONE_SIZE)] = 64
    seed: Seed = 0


class Jigsaw(Section):
    """Sixteen interlocking pieces put together in another order."""

    name: Literal["jigsaw"]
    seed: Seed = 0


class InnerCircle(Section):
    """A disc in the middle turned. radius: a fraction of half the width."""

    name: Literal["inner_circle"]
    radius: Annotated[float, Field(gt=0, le=1)] = 0.8
    degrees: Literal[90, 180, 270] = 90


class SquareHinge(Section):
    """squares x squares tiles, each turned by a quarter in its place."""

    name: Literal["square_hinge"]
    squares: Annotated[int, Field(ge=1, le=STAGE_ONE_SIZE // 2)] = 4


def _of_name(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


AnyView = (
    PlainView | Skew | PatchPermutation | PixelPermutation | Jigsaw | InnerCircle | SquareHinge
)
View = Annotated[AnyView, Field(discriminator="name"), BeforeValidator(_of_name)]
"""The name alone may stand for the whole mapping."""

DIVISORS = {
    "patch_permutation": "patches",
    "pixel_permutation": "pixels",
    "square_hinge": "squares",
}
"""Views that cut the picture into equal squares, and the parameter that says how many a side."""


KernelSize = Annotated[int, Field(ge=1, le=127)]
PassSigma = Annotated[float, Field(gt=0, le=32)]


class LowHigh(Section):
    """Low and high pass of a Gaussian: the far and the near picture of a hybrid."""

    name: Literal["low_high"]
    kernel_size: KernelSize = 33
    sigma: PassSigma = 2.0
    fixed: Literal["low", "high"] | None = None


class Triple(Section):
    """Three bands of frequencies, parted by two Gaussians."""

    name: Literal["triple"]
    kernel_size: KernelSize = 33
    sigma_low: PassSigma = 2.0
    sigma_mid: PassSigma = 1.0
    fixed: Literal["low", "mid", "high"] | None = None


class GreyColour(Section):
    """The mean of the channels, and the rest."""

    name: Literal["grey_colour"]
    fixed: Literal["grey", "colour"] | None = None


class Motion(Section):
    """What is left when the camera moves along a line, and the rest."""

    name: Literal["motion"]
    length: KernelSize = 9
    degrees: Annotated[float, Field(ge=-180, le=180)] = 0.0
    fixed: Literal["moved", "rest"] | None = None


class Scale(Section):
    """A share of the whole picture for each prompt. weights: they sum to 1."""

    name: Literal["scale"]
    weights: Annotated[list[Annotated[float, Field(gt=0, lt=1)]], Field(min_length=2, max_length=8)]


AnyComponents = LowHigh | Triple | GreyColour | Motion | Scale
Components = Annotated[AnyComponents, Field(discriminator="name")]

_PARTS = {
    "low_high": ("low", "high"),
    "triple": ("low", "mid", "high"),
    "grey_colour": ("grey", "colour"),
    "motion": ("moved", "rest"),
}


def fixed_part(components: AnyComponents) -> str | None:
    """The component that a reference picture decides, or None."""
    return None if isinstance(components, Scale) else components.fixed


def prompted_parts(components: AnyComponents) -> list[str]:
    """The components that prompts decide, in the order in which the prompts are given."""
    if isinstance(components, Scale):
        return [f"{weight:g} of it" for weight in components.weights]
    return [part for part in _PARTS[components.name] if part != components.fixed]
