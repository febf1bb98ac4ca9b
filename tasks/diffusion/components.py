"""Ways of taking a picture apart into components that sum to it (Geng et al. 2024, Factorized
Diffusion): each prompt then decides one component of the noise.

The declaration names a decomposition: {"name": "low_high", "kernel_size": 33, "sigma": 2.0}. With
"fixed": "low" that component is taken from a reference picture instead of a prompt.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tasks import BadInput
from tasks.diffusion.declared import DECLARED_WIDTH, chosen
from tasks.diffusion.gaussian_blur import gaussian_blur

LinearMap = Callable[[Tensor], Tensor]
"""A component of pictures [batch, 3, size, size]: the same shape, linear, each on its own."""

Parts = Mapping[str, LinearMap]


@dataclass(frozen=True, eq=False)
class Decomposition:
    """parts: component by name, in the order of the prompts; their sum is the picture.

    fixed: the component that a reference picture decides, or None. No prompt speaks for it.
    """

    parts: Parts
    fixed: str | None = None

    def with_fixed(self, name: str) -> Decomposition:
        if name not in self.parts:
            raise BadInput(
                f"components: fixed is {name!r}; expected one of {', '.join(self.parts)}"
            )
        return replace(self, fixed=name)

    @property
    def fixed_map(self) -> LinearMap | None:
        return None if self.fixed is None else self.parts[self.fixed]

    @functools.cached_property
    def prompted_maps(self) -> tuple[LinearMap, ...]:
        """What each prompt decides of the noise; these too sum to the identity.

        The first also speaks for a fixed component: what it says there is replaced after every
        step, and a noise estimate without that band would be too small for the thresholding.
        """
        maps = [part for name, part in self.parts.items() if name != self.fixed]
        if self.fixed_map is not None:
            first, fixed = maps[0], self.fixed_map
            maps[0] = lambda x: first(x) + fixed(x)
        return tuple(maps)


def low_high(size: int, kernel_size: int, sigma: float) -> Parts:
    """A Gaussian low pass, and the rest: the parts of a hybrid image (Oliva et al. 2006)."""
    low = _gaussian(size, kernel_size, sigma)
    return {"low": low, "high": lambda x: x - low(x)}


def triple(size: int, kernel_size: int, sigma_low: float, sigma_mid: float) -> Parts:
    """Three bands, parted by two Gaussians; sigma_low is the wider one."""
    if not sigma_low > sigma_mid:
        raise BadInput(
            f"components: triple has sigma_low {sigma_low:g} and sigma_mid {sigma_mid:g}; "
            "expected sigma_low > sigma_mid"
        )
    low = _gaussian(size, kernel_size, sigma_low)
    low_and_mid = _gaussian(size, kernel_size, sigma_mid)
    return {
        "low": low,
        "mid": lambda x: low_and_mid(x) - low(x),
        "high": lambda x: x - low_and_mid(x),
    }


def motion(size: int, length: int, degrees: float) -> Parts:
    """What is left when the picture is moved along a line while the shutter is open, and the rest.

    length: pixels, odd. degrees: direction of the line, 0 horizontal, counterclockwise.
    """
    kernel = _line(_scaled_kernel(size, length), degrees)
    moved = functools.partial(_convolve, kernel=kernel)
    return {"moved": moved, "rest": lambda x: x - moved(x)}


def _gaussian(size: int, kernel_size: int, sigma: float) -> LinearMap:
    return functools.partial(
        gaussian_blur,
        kernel_size=_scaled_kernel(size, kernel_size),
        sigma=sigma * size / DECLARED_WIDTH,
    )


def _scaled_kernel(size: int, kernel_size: int) -> int:
    """The odd kernel that covers in a picture of this size what kernel_size covers at 64."""
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise BadInput(f"components: kernel or length is {kernel_size}; expected an odd number")
    return 2 * round((kernel_size // 2) * size / DECLARED_WIDTH) + 1


def _line(length: int, degrees: float) -> Tensor:
    """An antialiased line through the middle of a [length, length] kernel that sums to 1."""
    position = torch.arange(length, dtype=torch.float64) - length // 2
    x, y = position[None, :], -position[:, None]
    angle = math.radians(degrees)
    across = (y * math.cos(angle) - x * math.sin(angle)).abs()
    along = (x * math.cos(angle) + y * math.sin(angle)).abs()
    kernel = (1 - across).clamp(min=0) * (along <= length / 2)
    return kernel / kernel.sum()


def _convolve(x: Tensor, kernel: Tensor) -> Tensor:
    """x: [batch, channel, size, size], with one kernel for all channels."""
    channels = x.shape[1]
    weight = kernel.to(x).expand(channels, 1, -1, -1)
    padded = F.pad(x, [len(kernel) // 2] * 4, mode="reflect")
    return F.conv2d(padded, weight, groups=channels)


def grey_colour(size: int) -> Parts:
    """The mean of the channels, and what the channels differ from it."""

    def grey(x: Tensor) -> Tensor:
        return x.mean(dim=1, keepdim=True).expand_as(x)

    return {"grey": grey, "colour": lambda x: x - grey(x)}


def scale(size: int, weights: Sequence[float]) -> Parts:
    """A share of the picture for each prompt: prompts composed as in Liu et al. 2022.

    weights: they sum to 1.
    """
    if abs(sum(weights) - 1) > 1e-6:
        raise BadInput(
            f"components: scale has weights that sum to {sum(weights):g}; expected them to sum to 1"
        )
    return {f"share_{i}": functools.partial(torch.mul, other=w) for i, w in enumerate(weights)}


DECOMPOSITIONS: dict[str, tuple[Callable[..., Parts], dict[str, Any]]] = {
    "low_high": (low_high, {"kernel_size": 33, "sigma": 2.0}),
    "triple": (triple, {"kernel_size": 33, "sigma_low": 2.0, "sigma_mid": 1.0}),
    "grey_colour": (grey_colour, {}),
    "motion": (motion, {"length": 9, "degrees": 0.0}),
    "scale": (scale, {"weights": [0.5, 0.5]}),
}
"""Each decomposition by name, and its parameters with their defaults."""


def components_from_params(params: Mapping[str, Any], size: int) -> Decomposition:
    """The decomposition {"name": ..., parameters, "fixed": component or null} for pictures of
    size x size pixels.

    Lengths (kernel_size, sigma, length) are declared for a picture 64 pixels wide. The same
    parameters give the same object. Raises BadInput for an unknown name, parameter or component.
    """
    return _cached_components(json.dumps(dict(params), sort_keys=True), size)


@functools.lru_cache(maxsize=64)
def _cached_components(canonical: str, size: int) -> Decomposition:
    params = json.loads(canonical)
    decompose, values = chosen("components", DECOMPOSITIONS, params, also=("fixed",))
    decomposition = Decomposition(decompose(size, **values))
    fixed = params.get("fixed")
    return decomposition if fixed is None else decomposition.with_fixed(fixed)
