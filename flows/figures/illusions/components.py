"""Ways of taking a picture apart into components that sum to it, each decided by its own prompt.

tasks.diffusion.components has what each does; lengths are in pixels of a picture 64 wide.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.declaration.fields import Section
from flows.figures.parameters import KernelSize, PassSigma


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
